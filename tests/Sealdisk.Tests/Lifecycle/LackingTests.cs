using System.Diagnostics;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>A system that lacks something: what is missing is named, nothing is begun.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class LackingTests
{
    [Theory]
    [InlineData("up", "cannot bring up ")]
    [InlineData("down", "cannot take down ")]
    public void Without_root_a_volume_is_neither_brought_up_nor_taken_down(string verb, string message)
    {
        using var volume = TestVolume.Ready();
        Tool.Run("chmod", "-R", "a+rX", Path.GetDirectoryName(volume.Config)!);
        Tool.Run("chmod", "600", volume["huk.hex"]);
        var before = volume.Fingerprint();
        // The binary may be where others cannot go: it is opened here.
        File.Copy(NativeBinary.Path, volume["sealdisk"]);
        var result = NativeBinary.Run(new ProcessStartInfo(
            "setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", volume["sealdisk"], "--config", volume.Config, verb]));
        TestVolume.AssertFailure(result, ExitCode.Lacking, message + volume.Name, "run it as root");
        File.Delete(volume["sealdisk"]);
        Assert.Equal(before, volume.Fingerprint());
        volume.AssertNothingOpen();
    }

    [Theory]
    [InlineData("fuse", "load the 'fuse' module")]
    [InlineData("loop-control", "load the 'loop' module")]
    public void A_missing_device_node_is_named_with_its_module(string node, string hint)
    {
        using var blank = TestVolume.With();
        using var ready = TestVolume.Ready();
        foreach (var volume in new[] { blank, ready })
        {
            var before = volume.Fingerprint();
            foreach (var verb in new[] { "up", "plan", "check" })
            {
                var result = volume.RunAfter(
                    "mount -t tmpfs none /mnt; cd /dev; "
                        + "for d in null zero urandom random fuse loop*; do [ $d = $1 ] || cp -a $d /mnt; done; "
                        + "cd /; mount --move /mnt /dev",
                    node,
                    verb);
                TestVolume.AssertFailure(result, ExitCode.Lacking, $"cannot bring up {volume.Name}: this system has no /dev/{node}", hint);
            }
            Assert.Equal(before, volume.Fingerprint());
            volume.AssertNothingOpen();
        }
    }

    [Fact]
    public void A_full_filesystem_is_reported_and_no_part_of_the_image_stays()
    {
        using var volume = TestVolume.With(("size", "8MiB"));
        Directory.CreateDirectory(volume["small"]);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=4m", "none", volume["small"]);
        volume.Change("device", volume["small/image"]);
        var result = volume.Run("up");
        TestVolume.AssertFailure(result, ExitCode.Failed, "cannot ", "free some space");
        Assert.Contains("(ENOSPC)", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(volume["small"]));
        Tool.Run("umount", volume["small"]);
        volume.AssertNothingOpen();
    }

    [Fact]
    public void A_missing_directory_for_the_detached_record_is_named()
    {
        using var volume = TestVolume.With();
        volume.Change("record", volume["nowhere/record"]);
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            $"cannot write the record of {volume.Name}: there is no directory {volume["nowhere"]} (ENOENT)",
            $"mkdir -p {volume["nowhere"]}");
        volume.AssertNothingOpen();
        Assert.Equal("new", volume.State); // the blank image is there, and is still that
        Directory.CreateDirectory(volume["nowhere"]);
        volume.Up();
    }

    [Fact]
    public void A_read_only_directory_for_the_detached_record_is_reported()
    {
        using var volume = TestVolume.With();
        Directory.CreateDirectory(volume["ro"]);
        Tool.Run("mount", "-t", "tmpfs", "-o", "ro", "none", volume["ro"]);
        volume.Change("record", volume["ro/record"]);
        var result = volume.Run("up");
        TestVolume.AssertFailure(result, ExitCode.Failed, "cannot ", "remount its filesystem read-write");
        Tool.Run("umount", volume["ro"]);
        volume.AssertNothingOpen();
        volume.Up();
    }

    [Fact]
    public void A_mount_point_that_cannot_be_made_is_reported()
    {
        using var volume = TestVolume.With();
        File.WriteAllText(volume["file"], "");
        volume.Change("mount", volume["file/mnt"]);
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            $"cannot make directory {volume["file/mnt"]}: Not a directory (ENOTDIR)");
        volume.AssertNothingOpen();
        Assert.Equal("down", volume.State);
        volume.Change("mount", volume.Mount);
        volume.Up();
    }

    [Fact]
    public void A_mount_option_that_the_filesystem_does_not_know_is_named()
    {
        using var volume = TestVolume.Ready();
        volume.Change("mount-options", new[] { "no-such-option" });
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            "cannot mount /dev/loop",
            "ext4 may not know one of the mount-options no-such-option");
        volume.AssertNothingOpen();
    }
}
