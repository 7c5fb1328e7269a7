namespace Sealdisk.Volumes.Records;

/// <summary>How far the first boot of a volume came.</summary>
public enum VolumeState
{
    /// <summary>The key is sealed; the filesystem may be half made. Nothing was ever mounted, so making it again loses nothing.</summary>
    Provisioning,

    /// <summary>The filesystem is complete and on the medium. It is never made again.</summary>
    Ready,

    /// <summary>Data that were there before are being encrypted, or decrypted, where they are.</summary>
    Converting,
}

/// <summary>The words for <see cref="VolumeState"/>.</summary>
public static class VolumeStateText
{
    private static readonly string[] Words = ["provisioning", "ready", "converting"];

    /// <summary>The word, such as <c>ready</c>.</summary>
    public static string Text(this VolumeState state) => Words[(int)state];

    /// <summary>Reads a word; lower case only.</summary>
    public static bool TryParse(string text, out VolumeState state)
    {
        var index = Array.IndexOf(Words, text);
        state = index < 0 ? default : (VolumeState)index;
        return index >= 0;
    }
}
