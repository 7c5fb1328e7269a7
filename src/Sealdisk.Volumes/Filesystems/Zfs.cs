namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// A member of a ZFS pool: four labels of 256 KiB, two at each end, each with a ring of uberblocks in its second half. One uberblock could
/// be left from a pool that is gone, so four are asked for, as blkid does.
/// </summary>
internal static class Zfs
{
    private const int Label = 256 << 10, Ring = 128 << 10, Slot = 1 << 10, Needed = 4;

    internal static bool IsIn(ProbedContent content)
    {
        var last = content.Size / Label * Label;
        return new[] { 0, Label, last - (2L * Label), last - Label }.Where(at => at >= 0).Any(at => Count(content, at + Ring) >= Needed);
    }

    private static int Count(ProbedContent content, long ring)
    {
        var count = 0;
        for (var at = ring; at < ring + Ring; at += Slot)
        {
            // ub_magic, in the byte order of the machine that wrote it
            if (content.U64(at) == 0x00BAB10C || content.Has(at, [0, 0, 0, 0, 0, 0xBA, 0xB1, 0x0C]))
                count++;
        }
        return count;
    }
}
