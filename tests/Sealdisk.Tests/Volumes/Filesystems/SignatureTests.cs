using Sealdisk.Linux;
using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Volumes.Filesystems;

/// <summary>What a device is recognised to hold, on images that the real programs make, with blkid as the judge.</summary>
[Collection(DevicesCollection.Name)]
public sealed class SignatureTests
{
    // The program, the bytes of the image, and how it makes one at $1; $2 is a folder with a file in it.
    public static TheoryData<string, string, string> Images => new()
    {
        { "mkfs.ext2", "8M", "mkfs.ext2 -q -F $1" },
        { "mkfs.ext3", "8M", "mkfs.ext3 -q -F $1" },
        { "mkfs.ext4", "8M", "mkfs.ext4 -q -F $1" },
        { "mke2fs", "8M", "mke2fs -q -F -O journal_dev $1" },
        { "mkfs.xfs", "320M", "mkfs.xfs -q -f $1" },
        { "mkfs.btrfs", "320M", "mkfs.btrfs -q -f $1" },
        { "mkfs.f2fs", "320M", "mkfs.f2fs -q -f $1" },
        { "mkfs.vfat", "4M", "mkfs.vfat -F 12 $1" },
        { "mkfs.vfat", "64M", "mkfs.vfat -F 16 $1" },
        { "mkfs.vfat", "320M", "mkfs.vfat -F 32 $1" },
        { "mkfs.vfat", "64M", "mkfs.vfat -S 4096 $1" },
        { "mkswap", "8M", "mkswap $1" },
        { "mkswap", "8M", "mkswap -p 65536 $1" },
        { "cryptsetup", "32M", "cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $1 $2/file" },
        { "cryptsetup", "32M", "cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $1 $2/file" },
        {
            "cryptsetup",
            "32M",
            "cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $1 $2/file; "
                + "dd if=/dev/zero of=$1 bs=4k count=1 conv=notrunc"
        },
        { "veritysetup", "8M", "truncate -s 4M $2/data; veritysetup format $2/data $1" },
        { "mkfs.ntfs", "16M", "mkfs.ntfs -F -q $1" },
        { "mkfs.exfat", "16M", "mkfs.exfat $1" },
        { "mkfs.jfs", "32M", "mkfs.jfs -q $1" },
        { "mkfs.reiserfs", "64M", "mkfs.reiserfs -q -ff $1" },
        { "mkfs.nilfs2", "256M", "mkfs.nilfs2 -f $1" },
        { "mkfs.nilfs2", "256M", "mkfs.nilfs2 -f $1; dd if=/dev/zero of=$1 bs=4k count=1 conv=notrunc" },
        { "mkfs.udf", "16M", "mkfs.udf $1" },
        { "genisoimage", "0", "genisoimage -quiet -o $1 $2" },
        { "genisoimage", "0", "genisoimage -quiet -udf -o $1 $2" },
        { "mksquashfs", "0", "mksquashfs $2 $1 -noappend" },
        { "mkfs.erofs", "0", "mkfs.erofs $1 $2" },
        { "mkfs.cramfs", "0", "mkfs.cramfs $2 $1" },
        { "make-bcache", "16M", "make-bcache -B $1" },
        { "sfdisk", "16M", "echo 'label: dos\n,8M' | sfdisk $1" },
        { "sfdisk", "16M", "echo 'label: dos' | sfdisk $1" },
        { "sfdisk", "16M", "echo 'label: gpt\n,8M' | sfdisk $1" },
        { "sfdisk", "16M", "echo 'label: gpt\n,8M' | sfdisk $1; dd if=/dev/zero of=$1 bs=512 seek=1 count=33 conv=notrunc" },
        { "sfdisk", "16M", "echo 'label: gpt\n,8M' | sfdisk $1; mkfs.ext4 -q -F $1" },
        { "sfdisk", "16M", "echo 'label: dos\n,8M' | sfdisk $1; mkswap $1" },
        {
            "mkfs.ext4",
            "8M",
            "mkfs.ext4 -q -F $1; mkfs.vfat -F 12 -C $2/fat 1024; dd if=$2/fat of=$1 bs=512 count=1 conv=notrunc"
        },
        {
            "mkfs.btrfs",
            "320M",
            "mkfs.btrfs -q -f $1; mkfs.ext4 -q -F $2/ext 8M; dd if=$2/ext of=$1 bs=1k skip=1 seek=1 count=1 conv=notrunc"
        },
        { "true", "0", "true" },
        { "true", "4M", "true" },
        { "head", "4M", "dd if=/dev/urandom of=$1 bs=1M count=4 conv=notrunc" },
    };

    // What needs a loop device, a kernel driver or a program that Debian does not have, made by hand from the description of its format.
    public static TheoryData<string, string, string> ByHand => new()
    {
        { "romfs", "1M", Bytes(0, "-rom1fs-") },
        { "reiser4", "1M", Bytes(0x10000, "ReIsEr4") },
        { "DM_integrity", "1M", Bytes(0, "integrt\\0\\1") },
        { "DM_snapshot_cow", "1M", Bytes(0, "SnAp\\1\\0\\0\\0\\1\\0\\0\\0\\10\\0\\0\\0") },
        { "BitLocker", "1M", Bytes(0, "\\353\\130\\220-FVE-FS-\\0\\2\\10\\0\\0") },
        { "swsuspend", "1M", Bytes(4096 - 10, "S1SUSPEND\\0") },
        { "linux_raid_member", "8M", Bytes(0x1000, RaidVersion1(8)) },
        { "linux_raid_member", "8M", Bytes(0, RaidVersion1(0)) },
        { "linux_raid_member", "8M", Bytes((8 << 20) - 8192, RaidVersion1((8 << 11) - 16)) },
        { "linux_raid_member", "8M", Bytes((8 << 20) - 65536, "\\374\\116\\053\\251\\0\\0\\0\\0\\132\\0\\0\\0") },
        { "LVM2_member", "8M", Bytes(512, "LABELONE\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0 \\0\\0\\0LVM2 001") },
        {
            "zfs_member",
            "8M",
            string.Join(';', Enumerable.Range(0, 32).Select(slot => Bytes(0x20000 + (slot * 1024), "\\014\\261\\272\\0\\0\\0\\0\\0")))
        },
    };

    [Theory]
    [MemberData(nameof(Images))]
    public void What_programs_make_is_recognised_as_by_blkid(string program, string size, string make)
    {
        Assert.SkipUnless(SystemProgram.Find(program) is not null, $"{program} is not installed");
        using var folder = new TemporaryDirectory();
        Tool.Shell($"mkdir $2; echo secret > $2/file; truncate -s {size} $1; ({make}) >$1.log 2>&1 || {{ cat $1.log; exit 1; }}",
            folder["image"], folder["folder"]);
        Assert.Equal(BlkidSignature.Of(folder["image"]), Signature.Probe(folder["image"]));
    }

    [Theory]
    [MemberData(nameof(ByHand))]
    public void What_no_program_makes_here_is_recognised_by_its_magic(string type, string size, string make)
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell($"truncate -s {size} $1; {make}", folder["image"]);
        Assert.Equal(type, Signature.Probe(folder["image"]).Type);
    }

    /// <summary>
    /// blkid does not believe a GPT without its protective first sector. If there is nothing else, it still says that the disk was used.
    /// </summary>
    [Fact]
    public void The_backup_of_a_partition_table_alone_is_recognised_too()
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell(
            "truncate -s 16M $1; echo 'label: gpt\n,8M' | sfdisk $1; dd if=/dev/zero of=$1 bs=1M count=1 conv=notrunc", folder["image"]);
        Assert.Equal(Signature.None with { PartitionTable = "gpt" }, Signature.Probe(folder["image"]));
        Assert.Equal(Signature.None, BlkidSignature.Of(folder["image"]));
    }

    [Fact]
    public void Only_the_range_that_is_asked_for_counts()
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell("truncate -s 2M $1; truncate -s 8M $1.fs; mkfs.ext4 -q -F $1.fs; cat $1.fs >> $1", folder["image"]);
        Assert.Equal(Signature.None, Signature.Probe(folder["image"]));
        Assert.Equal("ext4", Signature.Probe(folder["image"], offset: 2 << 20).Type);
        Assert.Equal(Signature.None, Signature.Probe(folder["image"], offset: 2 << 20, length: 1024));
    }

    [Fact]
    public void Words_for_messages()
    {
        (Signature, bool IsNothing, bool IsPlain, string)[] cases =
        [
            (Signature.None, true, false, "nothing that Sealdisk recognises"),
            (new("ext4", null, "filesystem", null, false), false, true, "a plain ext4 filesystem"),
            (new("crypto_LUKS", null, "crypto", null, false), false, false, "a LUKS volume"),
            (new("LVM2_member", null, "raid", null, false), false, false, "LVM2_member (raid)"),
            (new("swap", null, null, null, false), false, false, "swap (unknown use)"),
            (new(null, null, null, "gpt", false), false, false, "a gpt partition table"),
            (new("ext4", null, "filesystem", "gpt", false), false, false, "ext4 and a gpt partition table"),
            (new("ext4", null, "filesystem", null, true), false, false, "several signatures at once"),
        ];
        Assert.All(cases, expected => Assert.Equal(
            (expected.IsNothing, expected.IsPlain, expected.Item4),
            (expected.Item1.IsNothing, expected.Item1.IsPlainFilesystem, expected.Item1.Description)));
    }

    [Fact]
    public void A_device_that_cannot_be_read_is_not_nothing()
    {
        Assert.Equal(
            "cannot open /nowhere/at/all: No such file or directory (ENOENT)",
            Assert.Throws<LinuxException>(() => Signature.Probe("/nowhere/at/all")).Message);
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => Signature.Probe("/proc/self/mem")).Errno);
    }

    private static string Bytes(int at, string text) => $"printf -- '{text}' | dd of=$1 bs=1 seek={at} conv=notrunc status=none";

    /// <summary>struct mdp_superblock_1: magic, major version 1, and at 144 its own place in sectors.</summary>
    private static string RaidVersion1(int sector)
    {
        var between = string.Concat(Enumerable.Repeat("\\0", 136));
        return $"\\374\\116\\053\\251\\1\\0\\0\\0{between}\\{Octal(sector)}\\{Octal(sector >> 8)}\\0\\0\\0\\0\\0\\0";
    }

    private static string Octal(int value) => Convert.ToString(value & 0xFF, 8);
}
