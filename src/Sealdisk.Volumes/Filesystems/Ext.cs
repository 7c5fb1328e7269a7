using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// ext2, ext3 and ext4, which share their superblock: 1024 bytes at 1024, written at each mount. Offsets and features are those of
/// fs/ext4/ext4.h; which features make which type is blkid's rule (libblkid/src/superblocks/ext.c of util-linux).
/// </summary>
internal static class Ext
{
    private const int At = 1024, Length = 1024;

    private const int BlockCountLow = 0x04, FirstDataBlock = 0x14, LogBlockSize = 0x18, BlocksPerGroup = 0x20, MountTime = 0x2C;
    private const int MountCount = 0x34, Magic = 0x38, CreatorOs = 0x48, Revision = 0x4C, Compatible = 0x5C, Incompatible = 0x60;
    private const int ReadOnlyCompatible = 0x64, UuidAt = 0x68, BlockCountHigh = 0x150, Checksum = 0x3FC;

    private const uint HasJournal = 0x4; // of Compatible
    private const uint Recover = 0x4, IsJournalDevice = 0x8, Has64Bit = 0x80, IncompatibleOfExt2 = 0x2 | 0x10; // of Incompatible
    private const uint MetadataChecksums = 0x400, ReadOnlyCompatibleOfExt2 = 0x1 | 0x2 | 0x4; // of ReadOnlyCompatible

    private const long WholeInodeTablesUpTo = 1L << 30;

    internal static FilesystemType Type2 { get; } = Of("ext2", 104 << 10);

    internal static FilesystemType Type3 { get; } = Of("ext3", 2 << 20); // without room for a journal, mkfs.ext3 makes an ext2

    internal static FilesystemType Type4 { get; } = Of("ext4", 104 << 10);

    private static FilesystemType Of(string name, long smallestSize) => new()
    {
        Name = name,
        Package = "e2fsprogs",
        ReadSuperblock = start => Read(start.Slice(At, Length)),
        Mkfs = new MkfsProgram(
            $"mkfs.{name}", (discard, size) => ["-q", "-F", "-E", (discard ? "discard" : "nodiscard") + InodeTables(size)]),
        Fsck = new FsckProgram($"fsck.{name}", "-p", FindTorn),
        SmallestSize = smallestSize,
    };

    private static Superblock? Read(ReadOnlySpan<byte> superblock)
    {
        if (!IsExt(superblock))
            return null;
        var blocks = (UInt128)OnDisk.U32(superblock, BlockCountLow);
        if ((OnDisk.U32(superblock, Incompatible) & Has64Bit) != 0)
            blocks |= (UInt128)OnDisk.U32(superblock, BlockCountHigh) << 32;
        return new Superblock(TypeOf(superblock), OnDisk.Uuid(superblock, UuidAt), blocks * BlockSize(superblock), LastMount(superblock));
    }

    /// <summary>The magic alone is 16 bits: one in 65536 of all volumes that were never written would show it by chance.</summary>
    private static bool IsExt(ReadOnlySpan<byte> superblock) =>
        OnDisk.U16(superblock, Magic) == 0xEF53
        && OnDisk.U32(superblock, LogBlockSize) <= 6
        && OnDisk.U32(superblock, Revision) <= 1
        && OnDisk.U32(superblock, CreatorOs) <= 4;

    private static uint BlockSize(ReadOnlySpan<byte> superblock) => 1024u << (int)OnDisk.U32(superblock, LogBlockSize);

    private static string TypeOf(ReadOnlySpan<byte> superblock)
    {
        var incompatible = OnDisk.U32(superblock, Incompatible);
        if ((incompatible & IsJournalDevice) != 0)
            return "jbd";
        var hasJournal = (OnDisk.U32(superblock, Compatible) & HasJournal) != 0;
        var known = hasJournal ? IncompatibleOfExt2 | Recover : IncompatibleOfExt2;
        if ((OnDisk.U32(superblock, ReadOnlyCompatible) & ~ReadOnlyCompatibleOfExt2) != 0 || (incompatible & ~known) != 0)
            return "ext4";
        return hasJournal ? "ext3" : "ext2";
    }

    /// <summary>The kernel notes every mount; mkfs leaves both fields zero.</summary>
    private static string? LastMount(ReadOnlySpan<byte> superblock)
    {
        var time = OnDisk.U32(superblock, MountTime);
        return time == 0 && OnDisk.U16(superblock, MountCount) == 0
            ? null
            : DateTimeOffset.FromUnixTimeSeconds(time).UtcDateTime.ToString("u", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// What mkfs leaves unwritten decrypts to noise here, not to zeros. A journal keeps fsck from mistaking that for inodes after a crash;
    /// volumes of a few MiB have none, so small ones get their inode tables written at once.
    /// </summary>
    private static string InodeTables(long size) => size <= WholeInodeTablesUpTo ? ",lazy_itable_init=0,lazy_journal_init=0" : "";

    /// <summary>
    /// A power cut may let one of the superblock's sectors of 512 bytes through and keep the other. Its checksum is wrong then, and neither
    /// the kernel nor fsck -p accepts it. The second group of blocks begins with a copy, if there is a second group.
    /// </summary>
    internal static TornSuperblock? FindTorn(string device)
    {
        Span<byte> superblock = stackalloc byte[Length];
        using (var file = FileDescriptor.Open(device, OpenFlags.Read))
        {
            if (file.ReadAt(superblock, At) < Length || !IsExt(superblock))
                return null;
        }
        var hasChecksum = (OnDisk.U32(superblock, ReadOnlyCompatible) & MetadataChecksums) != 0;
        if (!hasChecksum || OnDisk.U32(superblock, Checksum) == OnDisk.Crc32C(superblock[..Checksum]))
            return null;
        var backup = (long)OnDisk.U32(superblock, FirstDataBlock) + OnDisk.U32(superblock, BlocksPerGroup);
        return new TornSuperblock(
            backup < OnDisk.U32(superblock, BlockCountLow) ? ["-b", $"{backup}", "-B", $"{BlockSize(superblock)}"] : null);
    }
}
