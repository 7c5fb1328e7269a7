namespace Sealdisk.Board;

/// <summary>A disk of the board, a raw file on the host. What is in the file outlives the board.</summary>
public abstract class Disk(string path)
{
    /// <summary>The raw image on the host.</summary>
    public string Path { get; } = path;

    /// <summary>Makes an empty image, all zeros and sparse, in place of whatever was there.</summary>
    public static void Create(string path, long bytes)
    {
        using var file = new FileStream(path, FileMode.Create);
        file.SetLength(bytes);
    }

    /// <summary>The disk as board/start's --disk takes it.</summary>
    internal abstract string Argument { get; }

    /// <summary>Before QEMU starts.</summary>
    internal virtual void Attach(Action cutPower) { }

    /// <summary>Power fails: from now on nothing more reaches the file.</summary>
    internal virtual void Cut() { }

    /// <summary>QEMU has gone.</summary>
    internal virtual void Detach() { }
}

/// <summary>
/// A disk without a volatile cache, as far as the board can tell: killing QEMU loses nothing that the board wrote, since the host has it.
/// Quick, and right for all tests that are not about lost writes.
/// </summary>
/// <param name="path">The raw image.</param>
/// <param name="cache">QEMU's cache mode: <c>unsafe</c> (never waits for the host's disk), <c>writeback</c>, <c>none</c>, ...</param>
public sealed class FileDisk(string path, string cache = "unsafe") : Disk(path)
{
    internal override string Argument => $"{Path},cache={cache}";
}
