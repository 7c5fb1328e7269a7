namespace Sealdisk.Volumes.Filesystems;

/// <summary>f2fs, whose superblock is at 1024. Offsets are those of struct f2fs_super_block in include/linux/f2fs_fs.h.</summary>
internal static class F2fs
{
    private const int At = 0x400;
    private const int LogBlockSize = At + 0x10, BlockCount = At + 0x24, UuidAt = At + 0x6C;
    private const uint Magic = 0xF2F52010;

    internal static FilesystemType Type { get; } = new()
    {
        Name = "f2fs",
        Package = "f2fs-tools",
        ReadSuperblock = start => OnDisk.U32(start, At) == Magic ? new Superblock("f2fs", OnDisk.Uuid(start, UuidAt), Size(start)) : null,
        Mkfs = new MkfsProgram("mkfs.f2fs", (discard, _) => ["-q", "-f", "-t", discard ? "1" : "0"]),
        Fsck = new FsckProgram("fsck.f2fs", "-a"),
        SmallestSize = 52 << 20,
    };

    private static UInt128 Size(ReadOnlySpan<byte> start) =>
        (UInt128)OnDisk.U64(start, BlockCount) << (int)(OnDisk.U32(start, LogBlockSize) & 31);
}
