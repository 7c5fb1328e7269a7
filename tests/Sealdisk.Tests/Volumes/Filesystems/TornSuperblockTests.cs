using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Volumes.Filesystems;

/// <summary>A power cut between the two sectors of an ext4's superblock, which no journal covers.</summary>
public sealed class TornSuperblockTests
{
    private const int Sector = 512;

    private static readonly FilesystemType Ext4 = FilesystemType.Named("ext4");

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void It_is_restored_from_its_backup(int sectorFromBefore)
    {
        using var folder = new TemporaryDirectory();
        var image = folder["image"];
        var uuid = Torn(image, 11, sectorFromBefore);
        Assert.Equal(["-b", "8193", "-B", "1024"], Ext.FindTorn(image)!.BackupArguments!);
        Assert.Equal("a power cut had torn the superblock; fsck.ext4 restored it from its backup", FilesystemTools.Check(Ext4, image));
        Assert.Null(FilesystemTools.Check(Ext4, image));
        Assert.Null(Ext.FindTorn(image));
        Assert.Equal(uuid, Signature.Probe(image).Uuid);
        Assert.Equal("whole", Tool.Shell("debugfs -R 'cat file' $1 2>/dev/null", image));
    }

    /// <summary>A filesystem of one block group has no backup.</summary>
    [Fact]
    public void Without_a_backup_it_is_named_and_nothing_is_changed()
    {
        using var folder = new TemporaryDirectory();
        Torn(folder["image"], 4, 2);
        var before = File.ReadAllBytes(folder["image"]);
        var problem = Assert.Throws<SealdiskException>(() => FilesystemTools.Check(Ext4, folder["image"]));
        Assert.Equal(ExitCode.Refused, problem.Code);
        Assert.EndsWith("(exit code 8): the superblock is torn, and it has no good backup", problem.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(folder["image"]));
    }

    [Theory]
    [InlineData("ext2")]
    [InlineData("ext3")]
    [InlineData("ext4")]
    public void A_sound_one_is_not_taken_for_torn(string type)
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell("truncate -s 11M $1; mkfs.$2 -q $1", folder["image"], type);
        Assert.Null(Ext.FindTorn(folder["image"]));
        Assert.Null(Ext.FindTorn("/dev/zero"));
    }

    /// <summary>An ext4 with a file, and a superblock of which one sector is older than the other; returns its UUID.</summary>
    private static string Torn(string image, int mebibytes, int sectorFromBefore)
    {
        Tool.Shell(
            "printf whole > $1.file; truncate -s $2M $1; mkfs.ext4 -q $1; debugfs -w -R \"write $1.file file\" $1 2>&1",
            image,
            $"{mebibytes}");
        var before = File.ReadAllBytes(image);
        Tool.Shell("debugfs -w -R 'set_super_value mnt_count 7' $1 2>&1", image);
        var torn = File.ReadAllBytes(image);
        before.AsSpan(sectorFromBefore * Sector, Sector).CopyTo(torn.AsSpan(sectorFromBefore * Sector));
        File.WriteAllBytes(image, torn);
        return Superblock.Read("ext4", torn)!.Uuid!;
    }
}
