using System.Numerics;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// FAT12, FAT16 and FAT32. Offsets are those of struct fat_boot_sector in include/uapi/linux/msdos_fs.h. Its only magic, 55 AA at 510, is
/// that of every boot sector, so its fields must make sense, by the rules of the kernel (fs/fat/inode.c) and of blkid (vfat.c).
/// </summary>
internal static class Vfat
{
    private const int SectorSize = 0x0B, ClusterSectors = 0x0D, Reserved = 0x0E, Fats = 0x10, RootEntries = 0x11, FewSectors = 0x13;
    private const int Media = 0x15, Fat16Length = 0x16, ManySectors = 0x20, Fat32Length = 0x24, BootSignature = 510;
    private const int Fat16Serial = 0x27, Fat16Magic = 0x36, Fat32Serial = 0x43;

    internal static FilesystemType Type { get; } = new()
    {
        Name = "vfat",
        Package = "dosfstools",
        ReadSuperblock = Read,
        Mkfs = new MkfsProgram("mkfs.vfat", (_, _) => []),
        Fsck = new FsckProgram("fsck.vfat", "-a"),
        SmallestSize = 52 << 10,
        MayShare = true,
    };

    private static Superblock? Read(ReadOnlySpan<byte> start)
    {
        if (!IsBootSector(start))
            return null;
        var sectors = OnDisk.U16(start, FewSectors) is > 0 and var few ? few : OnDisk.U32(start, ManySectors);
        var serial = start.Slice(OnDisk.U16(start, Fat16Length) > 0 ? Fat16Serial : Fat32Serial, 4);
        return new Superblock("vfat", Text(serial), (UInt128)sectors * OnDisk.U16(start, SectorSize));
    }

    /// <summary>Whether the first 512 bytes are those of a FAT.</summary>
    internal static bool IsBootSector(ReadOnlySpan<byte> start) =>
        OnDisk.U16(start, BootSignature) == 0xAA55
        && OnDisk.U16(start, SectorSize) is 512 or 1024 or 2048 or 4096
        && BitOperations.IsPow2(start[ClusterSectors])
        && OnDisk.U16(start, Reserved) > 0
        && start[Fats] > 0
        && start[Media] is 0xF0 or >= 0xF8
        && (OnDisk.U16(start, Fat16Length) > 0 || OnDisk.U32(start, Fat32Length) > 0)
        && !OnDisk.Has(start, Fat16Magic, "JFS     "u8) && !OnDisk.Has(start, Fat16Magic, "HPFS    "u8) // boot sectors of OS/2
        && !OnDisk.Has(start, 3, "NTFS    "u8) && !OnDisk.Has(start, 3, "EXFAT   "u8) && !OnDisk.Has(start, 3, "-FVE-FS-"u8); // BitLocker

    private static string? Text(ReadOnlySpan<byte> serial) =>
        serial.ContainsAnyExcept((byte)0) ? $"{serial[3]:X2}{serial[2]:X2}-{serial[1]:X2}{serial[0]:X2}" : null;
}
