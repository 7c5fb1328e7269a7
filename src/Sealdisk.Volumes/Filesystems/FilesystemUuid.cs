using System.Buffers.Binary;
using System.Text;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// Reads a filesystem's UUID out of decrypted bytes, in blkid's spelling, so that <c>check</c> can tell a right key from a wrong one without
/// mounting anything. Offsets are those of the kernel's own headers: fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h,
/// include/uapi/linux/btrfs_tree.h, include/linux/f2fs_fs.h, include/uapi/linux/msdos_fs.h.
/// </summary>
internal static class FilesystemUuid
{
    /// <summary>Bytes from the start of a volume that hold every superblock known here.</summary>
    internal const int Window = 0x10000 + 0x1000;

    internal const int ExtMagic = 0xEF53;
    private const uint F2fsMagic = 0xF2F52010;
    private const int Fat16RootEntries = 17;

    /// <summary>The UUID, or null where no such filesystem is seen.</summary>
    /// <param name="type">The recorded filesystem type.</param>
    /// <param name="start">The first <see cref="Window"/> decrypted bytes of the volume.</param>
    internal static string? Read(string type, ReadOnlySpan<byte> start) => type switch
    {
        "ext2" or "ext3" or "ext4" when Word(start, 0x438) == ExtMagic => Dashed(start.Slice(0x468, 16)),
        "xfs" when start[..4].SequenceEqual("XFSB"u8) => Dashed(start.Slice(32, 16)),
        "btrfs" when start.Slice(0x10040, 8).SequenceEqual("_BHRfS_M"u8) => Dashed(start.Slice(0x10020, 16)),
        "f2fs" when BinaryPrimitives.ReadUInt32LittleEndian(start[0x400..]) == F2fsMagic => Dashed(start.Slice(0x46C, 16)),
        "vfat" when Word(start, 510) == 0xAA55 => FatSerial(start.Slice(Word(start, Fat16RootEntries) == 0 ? 0x43 : 0x27, 4)),
        _ => null,
    };

    private static int Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    internal static string Dashed(ReadOnlySpan<byte> uuid) => new Guid(uuid, bigEndian: true).ToString("D");

    private static string FatSerial(ReadOnlySpan<byte> serial) =>
        new StringBuilder(9).Append($"{serial[3]:X2}{serial[2]:X2}-{serial[1]:X2}{serial[0]:X2}").ToString();
}
