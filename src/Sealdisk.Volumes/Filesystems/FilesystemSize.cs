using System.Buffers.Binary;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// Reads from its superblock how long a filesystem is, for those whose checker writes before the kernel has had a look: a device that is too short must be
/// noticed first. Offsets are those of fs/ext4/ext4.h, include/linux/f2fs_fs.h and include/uapi/linux/msdos_fs.h.
/// </summary>
internal static class FilesystemSize
{
    private const int ExtIncompatible64Bit = 0x80;

    /// <summary>Its length in bytes; null where that is not known.</summary>
    /// <param name="type">The recorded filesystem type, which <see cref="FilesystemUuid"/> has found there.</param>
    /// <param name="start">The first <see cref="FilesystemUuid.Window"/> decrypted bytes of the volume.</param>
    internal static UInt128? Read(string type, ReadOnlySpan<byte> start) => type switch
    {
        "ext2" or "ext3" or "ext4" => ExtBlocks(start) << (10 + (int)(Long(start, 0x418) & 31)),
        "f2fs" => (UInt128)BinaryPrimitives.ReadUInt64LittleEndian(start[0x424..]) << (int)(Long(start, 0x410) & 31),
        "vfat" => (UInt128)(Word(start, 0x13) is > 0 and var few ? few : Long(start, 0x20)) * Word(start, 0x0B),
        _ => null,
    };

    private static UInt128 ExtBlocks(ReadOnlySpan<byte> start) =>
        (Long(start, 0x460) & ExtIncompatible64Bit) != 0 ? ((UInt128)Long(start, 0x550) << 32) | Long(start, 0x404) : Long(start, 0x404);

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
