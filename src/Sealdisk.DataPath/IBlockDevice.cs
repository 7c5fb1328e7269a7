using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Random access to a volume or a layer of it. Offsets and lengths are in bytes, of any alignment, within 0..<see cref="Size"/>. Every request
/// is done whole or fails with a <see cref="LinuxException"/>; what a failed write left in its range is unknown. Safe for concurrent requests.
/// A layer owns the one below and disposes it.
/// </summary>
public interface IBlockDevice : IDisposable
{
    /// <summary>Bytes.</summary>
    public long Size { get; }

    /// <summary>The unit, in bytes, that is transferred without reading or transforming more than was asked for.</summary>
    public int SectorSize { get; }

    /// <summary>Fills <paramref name="data"/> from a byte offset.</summary>
    public void Read(long offset, Span<byte> data);

    /// <summary>Writes <paramref name="data"/> at a byte offset. The span is scratch afterwards: a layer may transform it in place.</summary>
    public void Write(long offset, Span<byte> data);

    /// <summary>All writes that have returned are on the medium.</summary>
    public void Flush();

    /// <summary>Gives the range's space back; it then reads as anything. False where nothing of the kind is possible.</summary>
    public bool Discard(long offset, long length);
}

/// <summary>The check that every layer makes: a range outside the device is a mistake of the caller's, not an answer of the device.</summary>
internal static class BlockRange
{
    public static void Check(IBlockDevice device, long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, device.Size - offset, nameof(offset));
    }
}
