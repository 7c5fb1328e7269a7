namespace Sealdisk.Volumes.Filesystems;

/// <summary>A member of a Linux software RAID. Layouts and places: include/uapi/linux/raid/md_p.h and drivers/md/md.c.</summary>
internal static class LinuxRaid
{
    private const uint Magic = 0xA92B4EFC;
    private const int MajorVersion = 4, SuperblockOffset = 144; // super_offset of version 1, in sectors
    private const long ReservedOfVersion0 = 64 << 10;

    internal static bool IsIn(ProbedContent content) =>
        IsVersion1(content, 0) || IsVersion1(content, 4096) || IsVersion1(content, AtEnd(content.Size)) || IsVersion0(content);

    /// <summary>Version 1.0: at least 8 KiB before the end, at a multiple of 4 KiB.</summary>
    private static long AtEnd(long size) => ((size / 512) - 16) / 8 * 8 * 512;

    private static bool IsVersion1(ProbedContent content, long at) =>
        content.U32(at) == Magic && content.U32(at + MajorVersion) == 1 && content.U64(at + SuperblockOffset) == (ulong)at / 512;

    /// <summary>Version 0.90: in the last whole 64 KiB, in the byte order of the machine that made it.</summary>
    private static bool IsVersion0(ProbedContent content)
    {
        var at = (content.Size / ReservedOfVersion0 * ReservedOfVersion0) - ReservedOfVersion0;
        return (content.U32(at) == Magic && content.U32(at + MajorVersion) == 0)
            || content.Has(at, [0xA9, 0x2B, 0x4E, 0xFC, 0, 0, 0, 0]);
    }
}
