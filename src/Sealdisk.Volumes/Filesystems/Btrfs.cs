namespace Sealdisk.Volumes.Filesystems;

/// <summary>btrfs, its superblock at 64 KiB. Offsets are those of struct btrfs_super_block (include/uapi/linux/btrfs_tree.h).</summary>
internal static class Btrfs
{
    private const int At = 0x10000;
    private const int UuidAt = At + 0x20, Magic = At + 0x40, DeviceBytes = At + 0xD1; // dev_item.total_bytes: of this device alone

    internal static FilesystemType Type { get; } = new()
    {
        Name = "btrfs",
        Package = "btrfs-progs",
        ReadSuperblock = start => OnDisk.Has(start, Magic, "_BHRfS_M"u8)
            ? new Superblock("btrfs", OnDisk.Uuid(start, UuidAt), OnDisk.U64(start, DeviceBytes))
            : null,
        Mkfs = new MkfsProgram("mkfs.btrfs", (discard, _) => discard ? ["-q", "-f"] : ["-q", "-f", "-K"]),
        Fsck = null, // replays its log when it is mounted; fsck.btrfs does nothing
        SmallestSize = 109 << 20,
    };
}
