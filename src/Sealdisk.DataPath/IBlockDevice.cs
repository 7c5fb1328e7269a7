using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Random access to a volume or a layer of it. Offsets and lengths are in bytes, of any alignment, within 0 to <see cref="Size"/>. A
/// request is done completely or fails with a <see cref="LinuxException"/>; after a failed write the content of its range is unknown.
/// Requests may be concurrent. A layer owns the one below and disposes it.
/// </summary>
public interface IBlockDevice : IDisposable
{
    /// <summary>Bytes.</summary>
    public long Size { get; }

    /// <summary>The unit in bytes: requests of whole units read and transform no more than was asked for.</summary>
    public int SectorSize { get; }

    /// <summary>Fills <paramref name="data"/> from a byte offset.</summary>
    public void Read(long offset, Span<byte> data);

    /// <summary>
    /// Writes <paramref name="data"/> at a byte offset. A layer may transform the span in place: its content is undefined afterwards.
    /// </summary>
    public void Write(long offset, Span<byte> data);

    /// <summary>Puts all writes that have returned onto the medium.</summary>
    public void Flush();

    /// <summary>Gives the range's space back; its content is undefined afterwards. False if the device cannot do that.</summary>
    public bool Discard(long offset, long length);
}

/// <summary>The check that every layer makes: a range outside the device is the caller's mistake.</summary>
internal static class BlockRange
{
    public static void Check(IBlockDevice device, long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, device.Size - offset, nameof(offset));
    }
}
