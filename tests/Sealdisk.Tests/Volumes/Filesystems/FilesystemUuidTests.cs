using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Volumes.Filesystems;

/// <summary>Our reading of superblocks against blkid's, on filesystems made by their own programs; not beside tests that attach loop devices, which mkfs.btrfs looks at.</summary>
[Collection(DevicesCollection.Name)]
public sealed class FilesystemUuidTests
{
    [Theory]
    [InlineData("ext2", "mkfs.ext2 -q -F")]
    [InlineData("ext4", "mkfs.ext4 -q -F")]
    [InlineData("ext4", "mkfs.ext4 -q -F -b 1024")]
    [InlineData("xfs", "mkfs.xfs -q -f")]
    [InlineData("vfat", "mkfs.vfat -F 12")]
    [InlineData("vfat", "mkfs.vfat -F 16")]
    [InlineData("vfat", "mkfs.vfat -F 32")]
    [InlineData("btrfs", "mkfs.btrfs -q -f")]
    [InlineData("f2fs", "mkfs.f2fs -q -f")]
    public void Agrees_with_blkid(string type, string make)
    {
        Assert.SkipUnless(SystemProgram.Find($"mkfs.{type}") is not null, $"mkfs.{type} is not installed");
        using var folder = new TemporaryDirectory();
        var image = folder["image"];
        Tool.Shell($"truncate -s {(make.EndsWith("12", StringComparison.Ordinal) ? 4 : 320)}M $1; {make} $1 >/dev/null 2>&1", image);
        var start = new byte[FilesystemUuid.Window];
        using (var file = File.OpenRead(image))
            file.ReadExactly(start);

        Assert.Equal(Tool.Run("blkid", "-p", "-s", "UUID", "-o", "value", image).Trim(), FilesystemUuid.Read(type, start));
        foreach (var other in new[] { "ext4", "xfs", "vfat", "btrfs", "f2fs" }.Where(other => other != type && !(type == "ext2" && other == "ext4")))
            Assert.Null(FilesystemUuid.Read(other, start));
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("f2fs")]
    [InlineData("vfat")]
    [InlineData("ntfs")]
    public void Sees_nothing_where_nothing_is(string type) => Assert.Null(FilesystemUuid.Read(type, new byte[FilesystemUuid.Window]));

    [Fact]
    public void Probing_agrees_with_making()
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell("truncate -s 8M $1", folder["image"]);
        var uuid = FilesystemTools.Make("ext4", folder["image"], discard: false);
        Assert.Equal(new Signature("ext4", uuid, "filesystem", null, false), Signature.Probe(folder["image"]));
        Assert.Null(FilesystemTools.Check("ext4", folder["image"]));
    }

    [Fact]
    public void A_filesystem_beyond_mending_is_refused()
    {
        using var folder = new TemporaryDirectory();
        var image = folder["image"];
        Tool.Shell("truncate -s 8M $1; mkfs.ext4 -q -F $1; dd if=/dev/urandom of=$1 bs=1k seek=2 count=500 conv=notrunc status=none", image);
        var problem = Assert.Throws<SealdiskException>(() => FilesystemTools.Check("ext4", image));
        Assert.Equal(ExitCode.Refused, problem.Code);
        Assert.StartsWith($"cannot mount {image}: fsck.ext4 found errors it does not mend by itself (exit code ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mkfs_that_fails_is_quoted()
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell("truncate -s 1M $1", folder["image"]);
        var problem = Assert.Throws<SealdiskException>(() => FilesystemTools.Make("xfs", folder["image"], discard: false));
        Assert.Equal(ExitCode.Failed, problem.Code);
        Assert.StartsWith($"cannot make xfs on {folder["image"]}: mkfs.xfs ended with 1: ", problem.Message, StringComparison.Ordinal);
    }
}
