using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>A device or file, or a range of one, in which known content is looked for. Does not own the descriptor.</summary>
internal sealed class ProbedContent
{
    private readonly FileDescriptor _file;
    private readonly long _offset;

    /// <param name="file">Open for reading.</param>
    /// <param name="offset">Bytes to skip.</param>
    /// <param name="length">Bytes to look at; null for all.</param>
    internal ProbedContent(FileDescriptor file, long offset, long? length)
    {
        _file = file;
        _offset = offset;
        var status = file.Status();
        var whole = status.Kind == FileKind.BlockDevice ? BlockDevice.Size(file).Count : status.Size;
        Size = Math.Min(length ?? long.MaxValue, Math.Max(0, whole - offset));
    }

    /// <summary>Bytes that are looked at.</summary>
    internal long Size { get; }

    /// <summary>Fills a buffer from an offset; what lies outside reads as zeros.</summary>
    /// <exception cref="LinuxException">It cannot be read (EIO).</exception>
    internal void Read(long at, Span<byte> buffer)
    {
        buffer.Clear();
        if (at >= 0 && at < Size)
            _file.ReadAt(buffer[..(int)Math.Min(buffer.Length, Size - at)], _offset + at);
    }

    /// <summary>Whether there are these bytes at an offset; false outside.</summary>
    internal bool Has(long at, ReadOnlySpan<byte> magic)
    {
        Span<byte> there = stackalloc byte[16];
        Read(at, there[..magic.Length]);
        return there[..magic.Length].SequenceEqual(magic);
    }

    internal ushort U16(long at)
    {
        Span<byte> bytes = stackalloc byte[2];
        Read(at, bytes);
        return OnDisk.U16(bytes, 0);
    }

    internal uint U32(long at)
    {
        Span<byte> bytes = stackalloc byte[4];
        Read(at, bytes);
        return OnDisk.U32(bytes, 0);
    }

    internal ulong U64(long at)
    {
        Span<byte> bytes = stackalloc byte[8];
        Read(at, bytes);
        return OnDisk.U64(bytes, 0);
    }

    /// <summary>Reads the beginning, or all if it is shorter; also if its size is said to be 0, as of every file in /proc.</summary>
    /// <exception cref="LinuxException">It cannot be read (EIO).</exception>
    internal void RequireReadable(long bytes)
    {
        Span<byte> piece = stackalloc byte[4096];
        long at = 0;
        do
        {
            if (_file.ReadAt(piece, _offset + at) < piece.Length)
                return;
            at += piece.Length;
        }
        while (at < Math.Min(Size, bytes));
    }
}
