namespace Sealdisk.DataPath;

/// <summary>A device in memory, for tests and models. A discarded range reads as 0xDD bytes, so that no code relies on zeros.</summary>
internal sealed class MemoryDevice(int size, int sectorSize = 512) : IBlockDevice
{
    private readonly byte[] _bytes = new byte[size];
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    public long Size => _bytes.Length;

    /// <inheritdoc/>
    public int SectorSize { get; } = sectorSize;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> data)
    {
        BlockRange.Check(this, offset, data.Length);
        lock (_lock)
            _bytes.AsSpan((int)offset, data.Length).CopyTo(data);
    }

    /// <inheritdoc/>
    public void Write(long offset, Span<byte> data)
    {
        BlockRange.Check(this, offset, data.Length);
        lock (_lock)
            data.CopyTo(_bytes.AsSpan((int)offset));
    }

    /// <inheritdoc/>
    public void Flush()
    {
    }

    /// <inheritdoc/>
    public bool Discard(long offset, long length)
    {
        BlockRange.Check(this, offset, length);
        lock (_lock)
            _bytes.AsSpan((int)offset, (int)length).Fill(0xDD);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
