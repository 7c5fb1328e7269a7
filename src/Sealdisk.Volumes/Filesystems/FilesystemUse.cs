using System.Buffers.Binary;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// Whether a filesystem was ever mounted, from its superblock (fs/ext4/ext4.h). The kernel notes every mount of ext2, ext3 and ext4 there; mkfs leaves those
/// fields zero. The other filesystems keep no such note.
/// </summary>
internal static class FilesystemUse
{
    private const int Superblock = 1024;
    private const int LogBlockSize = Superblock + 0x18, MountTime = Superblock + 0x2C, MountCount = Superblock + 0x34, Magic = Superblock + 0x38, CreatorOs = Superblock + 0x48, Revision = Superblock + 0x4C;

    /// <summary>When it was last mounted, in words; null where no such filesystem is seen, or it never was.</summary>
    /// <param name="type">The filesystem type.</param>
    /// <param name="start">The first <see cref="FilesystemUuid.Window"/> decrypted bytes of the volume.</param>
    internal static string? LastMount(string type, ReadOnlySpan<byte> start)
    {
        if (type is not ("ext2" or "ext3" or "ext4") || !IsExt(start))
            return null;
        var time = BinaryPrimitives.ReadUInt32LittleEndian(start[MountTime..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(start[MountCount..]);
        return time == 0 && count == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(time).UtcDateTime.ToString("u", System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The magic alone is 16 bits: one in 65536 of all volumes that were never written would show it by chance.</summary>
    private static bool IsExt(ReadOnlySpan<byte> start) =>
        BinaryPrimitives.ReadUInt16LittleEndian(start[Magic..]) == 0xEF53
        && BinaryPrimitives.ReadUInt32LittleEndian(start[LogBlockSize..]) <= 6
        && BinaryPrimitives.ReadUInt32LittleEndian(start[Revision..]) <= 1
        && BinaryPrimitives.ReadUInt32LittleEndian(start[CreatorOs..]) <= 4;
}
