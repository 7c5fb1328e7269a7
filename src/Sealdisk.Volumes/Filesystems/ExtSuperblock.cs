using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// The superblock of ext2, ext3 or ext4, as far as a torn one matters. It has 1024 bytes, is written at each mount, and a power cut may let one of its sectors of
/// 512 through and keep the other: then its checksum is wrong, and neither the kernel nor fsck -p takes it. Offsets are those of fs/ext4/ext4.h.
/// </summary>
/// <param name="Uuid">In blkid's spelling. In the first sector, and never changed.</param>
/// <param name="IsTorn">It has a checksum, and that is wrong.</param>
/// <param name="Backup">Number of the first block that may hold a copy, and the bytes of a block; null where the filesystem ends before.</param>
internal sealed record ExtSuperblock(string Uuid, bool IsTorn, (long Block, int BlockSize)? Backup)
{
    private const int Offset = 1024, Size = 1024, ChecksumAt = 0x3FC;
    private const uint MetadataChecksums = 0x400;

    /// <summary>Null where there is none.</summary>
    internal static ExtSuperblock? Read(string device)
    {
        Span<byte> bytes = stackalloc byte[Size];
        using (var file = FileDescriptor.Open(device, OpenFlags.Read))
        {
            if (file.ReadAt(bytes, Offset) < Size || BinaryPrimitives.ReadUInt16LittleEndian(bytes[0x38..]) != FilesystemUuid.ExtMagic || Field(bytes, 0x18) > 6)
                return null;
        }
        var backup = (long)Field(bytes, 0x14) + Field(bytes, 0x20);
        return new ExtSuperblock(
            FilesystemUuid.Dashed(bytes.Slice(0x68, 16)),
            (Field(bytes, 0x64) & MetadataChecksums) != 0 && Field(bytes, ChecksumAt) != Checksum(bytes[..ChecksumAt]),
            backup < Field(bytes, 4) ? (backup, 1024 << (int)Field(bytes, 0x18)) : null);
    }

    private static uint Field(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    /// <summary>CRC-32C from all ones, and not inverted at the end.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, uint>(bytes))
            sum = BitOperations.Crc32C(sum, word);
        return sum;
    }
}
