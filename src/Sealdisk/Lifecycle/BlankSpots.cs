using Sealdisk.Linux;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Where a device is looked at before a first boot may take it for blank: its first and last MiB, the first MiB of data, where every
/// filesystem known here has its superblock, and 255 places spread evenly over the rest, so that neither a wiped header nor a partition
/// that now begins elsewhere passes for a new device. <c>erase</c> blanks these very places.
/// </summary>
internal static class BlankSpots
{
    private const int EdgeSize = 1 << 20;
    private const int SampleSize = 4096;
    private const int Samples = 256;

    /// <summary>The ranges, in bytes, inside the device; some may overlap.</summary>
    /// <param name="size">Of the device.</param>
    /// <param name="header">Whether its first MiB is for a header record.</param>
    internal static IEnumerable<(long Offset, int Length)> Of(long size, bool header)
    {
        yield return (0, (int)Math.Min(EdgeSize, size));
        if (header && size > EdgeSize)
            yield return (EdgeSize, (int)Math.Min(EdgeSize, size - EdgeSize));
        var last = Math.Max(0, size - EdgeSize);
        yield return (last, (int)(size - last));
        for (var i = 1; i < Samples; i++)
        {
            var at = size / Samples * i / SampleSize * SampleSize;
            if (at + SampleSize <= size)
                yield return (at, SampleSize);
        }
    }

    /// <summary>Of these ranges, what lies outside the two copies of a header record.</summary>
    internal static IEnumerable<(long Offset, int Length)> OutsideCopies(long size) => Of(size, header: true).SelectMany(
        spot => Without(spot, 0)).SelectMany(spot => Without(spot, RecordStore.HeaderCopyB));

    /// <summary>Whether a range is all 00 or all FF.</summary>
    internal static bool IsErased(FileDescriptor device, long offset, int length)
    {
        Span<byte> piece = stackalloc byte[4096];
        byte? fill = null;
        for (var at = 0; at < length; at += piece.Length)
        {
            var wanted = piece[..Math.Min(piece.Length, length - at)];
            if (device.ReadAt(wanted, offset + at) != wanted.Length)
                return false;
            fill ??= wanted[0];
            if (fill is not (0x00 or 0xFF) || wanted.ContainsAnyExcept(fill.Value))
                return false;
        }
        return true;
    }

    private static IEnumerable<(long Offset, int Length)> Without((long Offset, int Length) spot, long copy)
    {
        var (start, end) = (spot.Offset, spot.Offset + spot.Length);
        var (from, to) = (Math.Clamp(copy, start, end), Math.Clamp(copy + RecordFormat.BlockSize, start, end));
        if (from > start)
            yield return (start, (int)(from - start));
        if (to < end)
            yield return (to, (int)(end - to));
    }
}
