namespace Sealdisk.Volumes.Keys;

/// <summary>Who seals a volume's key. The kernel sources are the backends of its <c>trusted</c> key type.</summary>
public enum TrustSource
{
    /// <summary>OP-TEE: the kernel's trusted keys, <c>trusted.source=tee</c>.</summary>
    Tee,

    /// <summary>A TPM 2.0: <c>trusted.source=tpm</c>.</summary>
    Tpm,

    /// <summary>The NXP CAAM block: <c>trusted.source=caam</c>.</summary>
    Caam,

    /// <summary>The NXP DCP block: <c>trusted.source=dcp</c>.</summary>
    Dcp,

    /// <summary>The software model of OP-TEE's sealing, fed with a HUK from a file. Never chosen unless named.</summary>
    Soft,

    /// <summary>
    /// The source that this kernel registered. Only in a configuration: a record always names the source that sealed it.
    /// </summary>
    Auto,
}

/// <summary>The words for <see cref="TrustSource"/> in configuration, records and output.</summary>
public static class TrustSourceText
{
    /// <summary>Every word, in the order of the enum.</summary>
    internal static readonly string[] Words = ["tee", "tpm", "caam", "dcp", "soft", "auto"];

    /// <summary>The word for a source, such as <c>tee</c>.</summary>
    public static string Text(this TrustSource source) => Words[(int)source];

    /// <summary>Reads a word; lower case only.</summary>
    public static bool TryParse(string text, out TrustSource source)
    {
        var index = Array.IndexOf(Words, text);
        source = index < 0 ? default : (TrustSource)index;
        return index >= 0;
    }
}
