namespace Sealdisk.Tests.Durability;

/// <summary>
/// What a program told the kernel to do to a file, or to the names in one folder. From <paramref name="Begin"/> on it may be on the medium;
/// it was done, in memory at least, at <paramref name="End"/>. Both are lines of the trace.
/// </summary>
internal abstract record StorageOperation(string File, int Begin, int End)
{
    public sealed record Create(string File, int Begin, int End) : StorageOperation(File, Begin, End);

    public sealed record Write(string File, int Begin, int End, long Offset, byte[] Data) : StorageOperation(File, Begin, End);

    /// <summary>A range that reads as zeros from then on: fallocate(2) to zero it or to punch a hole.</summary>
    public sealed record Zero(string File, int Begin, int End, long Offset, long Length) : StorageOperation(File, Begin, End);

    public sealed record Resize(string File, int Begin, int End, long Size) : StorageOperation(File, Begin, End);

    public sealed record Rename(string File, int Begin, int End, string To) : StorageOperation(File, Begin, End);

    public sealed record Unlink(string File, int Begin, int End) : StorageOperation(File, Begin, End);

    /// <summary>fsync or fdatasync: what was written to the file before it began is on the medium when it has ended.</summary>
    public sealed record Sync(string File, int Begin, int End) : StorageOperation(File, Begin, End);

    /// <summary>fsync of the folder: so are the changes of names.</summary>
    public sealed record SyncFolder(int Begin, int End) : StorageOperation("", Begin, End);

    /// <summary>Nothing on the medium: from here on something is promised to whoever ran the program.</summary>
    public sealed record Promise(Promised What, int Begin, int End) : StorageOperation("", Begin, End);

    public sealed override string ToString() => this switch
    {
        Write write => $"write {File} {write.Offset}+{write.Data.Length}",
        Zero zero => $"zero {File} {zero.Offset}+{zero.Length}",
        Resize resize => $"resize {File} {resize.Size}",
        Rename rename => $"rename {File} {rename.To}",
        Promise promise => $"promise {promise.What}",
        _ => $"{GetType().Name} {File}".ToLowerInvariant().TrimEnd(),
    };
}

/// <summary>What whoever ran a verb may rely on.</summary>
internal enum Promised
{
    /// <summary>It has not ended yet.</summary>
    Nothing,

    /// <summary>It ended with exit code 0.</summary>
    Done,

    /// <summary>And a file on the volume was synced.</summary>
    Data,
}
