namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// Something that Sealdisk does not make and must not overwrite, and how to recognise it. Names and usages are blkid's. The places and
/// checks are those of libblkid/src/superblocks in util-linux; the comment of a row names where the format itself is written down.
/// </summary>
/// <param name="Type">Its name.</param>
/// <param name="Usage">crypto, raid, filesystem or other.</param>
/// <param name="IsIn">Whether it is there.</param>
/// <param name="MayShare">It may be on a device together with another filesystem.</param>
internal sealed record KnownContent(string Type, string Usage, Func<ProbedContent, bool> IsIn, bool MayShare = false)
{
    /// <summary>What holds other things inside and hides them. The first that is recognised counts.</summary>
    internal static IReadOnlyList<KnownContent> Containers { get; } =
    [
        new("linux_raid_member", "raid", LinuxRaid.IsIn),
        // LVM2: lib/format_text/layout.h
        new("LVM2_member", "raid", HasLvmLabel),
        // docs/on-disk-format.pdf and on-disk-format-luks2.pdf of cryptsetup
        new("crypto_LUKS", "crypto", HasLuksHeader),
        // dislocker: the boot sector of a BitLocker volume
        new("BitLocker", "crypto", content => content.Has(3, "-FVE-FS-"u8)),
        // drivers/md/dm-integrity.c
        new("DM_integrity", "crypto", content => content.Has(0, "integrt\0"u8)),
        // cryptsetup: lib/verity/verity.c
        new("DM_verity_hash", "crypto", content => content.Has(0, "verity\0\0"u8)),
    ];

    /// <summary>What stands for itself.</summary>
    internal static IReadOnlyList<KnownContent> Others { get; } =
    [
        // drivers/md/dm-snap-persistent.c
        new("DM_snapshot_cow", "other", content => content.Has(0, "SnAp"u8) && content.U32(4) == 1),
        // include/uapi/linux/bcache.h
        new("bcache", "other", content => content.Has(
            0x1018, [0xC6, 0x85, 0x73, 0xF6, 0x4E, 0x1A, 0x45, 0xCA, 0x82, 0x65, 0xF5, 0x7F, 0x48, 0xBA, 0x6D, 0x81])),
        // mm/swapfile.c and include/linux/swap.h: the last ten bytes of the first page, whatever size a page has
        new("swap", "other", content => HasAtEndOfPage(content, "SWAPSPACE2"u8) || HasAtEndOfPage(content, "SWAP-SPACE"u8)),
        // kernel/power/swap.c: a swap area that holds a suspended system
        new("swsuspend", "other", content => HasAtEndOfPage(content, "S1SUSPEND\0"u8) || HasAtEndOfPage(content, "LINHIB0001"u8)),
        // fs/reiserfs/reiserfs.h
        new("reiserfs", "filesystem", content => content.Has(0x10034, "ReIsErFs"u8) || content.Has(0x10034, "ReIsEr2Fs"u8)
            || content.Has(0x10034, "ReIsEr3Fs"u8) || content.Has(0x2034, "ReIsErFs"u8) || content.Has(0x2014, "ReIsErFs"u8)),
        new("reiser4", "filesystem", content => content.Has(0x10000, "ReIsEr4"u8)),
        // fs/jfs/jfs_superblock.h
        new("jfs", "filesystem", content => content.Has(0x8000, "JFS1"u8)),
        // ECMA-167, part 3, 9.1: a sequence of descriptors of 2048 bytes
        new("udf", "filesystem", HasUdfDescriptor, MayShare: true),
        // ECMA-119, 8
        new("iso9660", "filesystem", content => content.Has(0x8001, "CD001"u8), MayShare: true),
        // include/sys/uberblock_impl.h and vdev_impl.h of OpenZFS
        new("zfs_member", "filesystem", Zfs.IsIn),
        // fs/ntfs3/ntfs.h
        new("ntfs", "filesystem", content => content.Has(3, "NTFS    "u8)),
        // fs/exfat/exfat_raw.h
        new("exfat", "filesystem", content => content.Has(3, "EXFAT   "u8)),
        // fs/squashfs/squashfs_fs.h: "hsqs", and the major version at 28
        new("squashfs", "filesystem", content => content.Has(0, "hsqs"u8) && content.U16(28) >= 4),
        new("squashfs3", "filesystem", content => content.Has(0, "hsqs"u8) && content.U16(28) < 4),
        // fs/cramfs/cramfs_fs.h (include/uapi/linux/cramfs_fs.h)
        new("cramfs", "filesystem", content => content.U32(0) == 0x28CD3D45 && content.Has(16, "Compressed ROMFS"u8)),
        // include/uapi/linux/romfs_fs.h
        new("romfs", "filesystem", content => content.Has(0, "-rom1fs-"u8)),
        // fs/erofs/erofs_fs.h
        new("erofs", "filesystem", content => content.U32(0x400) == 0xE0F5E1E2),
        new("nilfs2", "filesystem", Nilfs.IsIn),
    ];

    private static bool HasLvmLabel(ProbedContent content)
    {
        for (var sector = 0; sector < 4; sector++)
        {
            var at = sector * 512;
            if (content.Has(at, "LABELONE"u8) && content.U64(at + 8) == (ulong)sector && content.Has(at + 24, "LVM2 001"u8))
                return true;
        }
        return false;
    }

    /// <summary>LUKS; or the second header of LUKS2, if the first was overwritten, at one of a few places that it names.</summary>
    private static bool HasLuksHeader(ProbedContent content)
    {
        const int HeaderOffset = 256; // hdr_offset, big endian
        if (content.Has(0, [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE]))
            return true;
        Span<byte> place = stackalloc byte[8];
        for (long at = 0x4000; at <= 0x400000; at *= 2)
        {
            content.Read(at + HeaderOffset, place);
            if (content.Has(at, [(byte)'S', (byte)'K', (byte)'U', (byte)'L', 0xBA, 0xBE]) && OnDisk.BigU64(place, 0) == (ulong)at)
                return true;
        }
        return false;
    }

    private static bool HasAtEndOfPage(ProbedContent content, ReadOnlySpan<byte> magic)
    {
        for (var page = 0x1000; page <= 0x10000; page *= 2)
        {
            if (content.Has(page - 10, magic))
                return true;
        }
        return false;
    }

    private static bool HasUdfDescriptor(ProbedContent content)
    {
        for (var at = 0x8000; at < 0x8000 + (64 * 2048); at += 2048)
        {
            if (content.Has(at + 1, "NSR02"u8) || content.Has(at + 1, "NSR03"u8))
                return true;
        }
        return false;
    }
}
