namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// nilfs2: a superblock at 1024, and a copy in the last whole block of 4096 bytes (include/uapi/linux/nilfs2_ondisk.h). Its magic has 16
/// bits, so its checksum must be right too.
/// </summary>
internal static class Nilfs
{
    private const int Magic = 6, Length = 8, Seed = 12, Checksum = 16, MostBytes = 1024;

    internal static bool IsIn(ProbedContent content) => IsAt(content, 1024) || IsAt(content, ((content.Size / 4096) - 1) * 4096);

    private static bool IsAt(ProbedContent content, long at)
    {
        Span<byte> superblock = stackalloc byte[MostBytes];
        content.Read(at, superblock);
        var length = OnDisk.U16(superblock, Length);
        if (OnDisk.U16(superblock, Magic) != 0x3434 || length < Checksum + 4 || length > MostBytes)
            return false;
        var expected = OnDisk.U32(superblock, Checksum);
        superblock.Slice(Checksum, 4).Clear();
        return Crc32(OnDisk.U32(superblock, Seed), superblock[..length]) == expected;
    }

    /// <summary>The kernel's crc32_le: not inverted, neither before nor after.</summary>
    private static uint Crc32(uint sum, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++)
                sum = (sum >> 1) ^ ((sum & 1) * 0xEDB88320);
        }
        return sum;
    }
}
