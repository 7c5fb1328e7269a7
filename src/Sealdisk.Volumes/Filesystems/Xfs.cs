using System.Numerics;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>xfs. Offsets are those of struct xfs_dsb in fs/xfs/libxfs/xfs_format.h; its numbers are big endian.</summary>
internal static class Xfs
{
    private const int BlockSize = 4, DataBlocks = 8, UuidAt = 32;

    internal static FilesystemType Type { get; } = new()
    {
        Name = "xfs",
        Package = "xfsprogs",
        ReadSuperblock = Read,
        Mkfs = new MkfsProgram("mkfs.xfs", (discard, _) => discard ? ["-q", "-f"] : ["-q", "-f", "-K"]),
        Fsck = null, // replays its log when it is mounted; fsck.xfs does nothing
        SmallestSize = 300 << 20,
    };

    private static Superblock? Read(ReadOnlySpan<byte> start)
    {
        var blockSize = OnDisk.BigU32(start, BlockSize);
        return OnDisk.Has(start, 0, "XFSB"u8) && BitOperations.IsPow2(blockSize)
            ? new Superblock("xfs", OnDisk.Uuid(start, UuidAt), (UInt128)OnDisk.BigU64(start, DataBlocks) * blockSize)
            : null;
    }
}
