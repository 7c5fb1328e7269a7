using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Volumes.Filesystems;

/// <summary>
/// The table of filesystems against the programs that it names. Not at the same time as tests that attach loop devices, which mkfs.btrfs
/// looks at.
/// </summary>
[Collection(DevicesCollection.Name)]
public sealed class FilesystemTypeTests
{
    public static TheoryData<string> Names => [.. FilesystemType.All.Select(type => type.Name)];

    [Fact]
    public void The_types_are_those_of_the_manual() => Assert.Equal(
        ["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat"], FilesystemType.All.Select(type => type.Name));

    [Fact]
    public void A_type_that_is_not_made_is_named_with_those_that_are()
    {
        var problem = Assert.Throws<SealdiskException>(() => FilesystemType.Named("ntfs"));
        Assert.Equal(ExitCode.Usage, problem.Code);
        Assert.Equal("cannot use filesystem ntfs: Sealdisk makes ext2, ext3, ext4, xfs, btrfs, f2fs and vfat", problem.Message);
        Assert.Null(FilesystemType.Find("ntfs"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_made_is_found_again_and_clean_and_unused(string name)
    {
        var type = FilesystemType.Named(name);
        RequireMkfs(type);
        using var folder = new TemporaryDirectory();
        Tool.Shell("truncate -s 320M $1", folder["image"]);
        var uuid = FilesystemTools.Make(type, folder["image"], discard: false);
        Assert.Equal(new Signature(name, uuid, "filesystem", null, false), Signature.Probe(folder["image"]));
        var superblock = Assert.IsType<Superblock>(Superblock.Read(name, Start(folder["image"])));
        Assert.Equal((name, uuid, null), (superblock.Type, superblock.Uuid, superblock.LastMount));
        Assert.InRange(superblock.Size, (UInt128)(318 << 20), (UInt128)(320 << 20));
        Assert.Null(FilesystemTools.Check(type, folder["image"]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_smallest_size_is_enough_and_less_is_explained(string name)
    {
        var type = FilesystemType.Named(name);
        RequireMkfs(type);
        using var folder = new TemporaryDirectory();
        Tool.Shell("truncate -s $2 $1", folder["image"], $"{type.SmallestSize}");
        FilesystemTools.Make(type, folder["image"], discard: false);
        Tool.Shell("rm $1; truncate -s 32K $1", folder["image"]);
        var problem = Assert.Throws<SealdiskException>(() => FilesystemTools.Make(type, folder["image"], discard: false));
        Assert.Equal(ExitCode.Failed, problem.Code);
        Assert.StartsWith($"cannot make {name} on {folder["image"]}: mkfs.{name} ended with ", problem.Message, StringComparison.Ordinal);
        Assert.StartsWith($"{name} needs about ", problem.Hint, StringComparison.Ordinal);
        Assert.EndsWith(", and this volume has 32 KiB", problem.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ext4", "mkfs.ext4 -q -F -b 1024")]
    [InlineData("ext4", "mkfs.ext4 -q -F -O ^64bit,^metadata_csum")]
    [InlineData("xfs", "mkfs.xfs -q -f -b size=1024")]
    [InlineData("vfat", "mkfs.vfat -F 12")]
    [InlineData("vfat", "mkfs.vfat -F 16")]
    [InlineData("vfat", "mkfs.vfat -F 32")]
    public void A_superblock_is_read_as_blkid_reads_it(string name, string make)
    {
        RequireMkfs(FilesystemType.Named(name));
        using var folder = new TemporaryDirectory();
        var image = folder["image"];
        Tool.Shell($"truncate -s {(make.EndsWith("12", StringComparison.Ordinal) ? 4 : 320)}M $1; {make} $1 >/dev/null 2>&1", image);
        var start = Start(image);
        Assert.Equal(Tool.Run("blkid", "-p", "-s", "UUID", "-o", "value", image).Trim(), Superblock.Read(name, start)?.Uuid);
        foreach (var other in FilesystemType.All.Where(other => other.Package != FilesystemType.Named(name).Package))
            Assert.Null(Superblock.Read(other.Name, start));
    }

    [Theory]
    [MemberData(nameof(Names))]
    [InlineData("ntfs")]
    public void Nothing_is_read_out_of_zeros_and_noise(string name)
    {
        var start = new byte[Superblock.Window];
        Assert.Null(Superblock.Read(name, start));
        new Random(1).NextBytes(start);
        Assert.Null(Superblock.Read(name, start));
    }

    [Fact]
    public void A_filesystem_that_cannot_be_corrected_is_refused()
    {
        using var folder = new TemporaryDirectory();
        var image = folder["image"];
        Tool.Shell(
            "truncate -s 8M $1; mkfs.ext4 -q -F $1; dd if=/dev/urandom of=$1 bs=1k seek=2 count=500 conv=notrunc status=none", image);
        var problem = Assert.Throws<SealdiskException>(() => FilesystemTools.Check(FilesystemType.Named("ext4"), image));
        Assert.Equal(ExitCode.Refused, problem.Code);
        Assert.StartsWith(
            $"cannot mount {image}: fsck.ext4 found errors that it does not correct by itself (exit code ",
            problem.Message,
            StringComparison.Ordinal);
    }

    private static void RequireMkfs(FilesystemType type) =>
        Assert.SkipUnless(SystemProgram.Find(type.Mkfs.Name) is not null, $"{type.Mkfs.Name} is not installed");

    private static byte[] Start(string image)
    {
        var start = new byte[Superblock.Window];
        using var file = File.OpenRead(image);
        _ = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return start;
    }
}
