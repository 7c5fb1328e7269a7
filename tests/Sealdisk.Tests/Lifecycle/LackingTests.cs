using System.Diagnostics;
using Sealdisk.Tests.DataPath;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>A system that lacks something: what is missing is named, nothing is begun.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class LackingTests
{
    [Theory]
    [InlineData("up", "cannot bring up ")]
    [InlineData("down", "cannot take down ")]
    public void Root(string verb, string message)
    {
        using var bed = Bed.Ready();
        Tool.Run("chmod", "-R", "a+rX", Path.GetDirectoryName(bed.Config)!);
        Tool.Run("chmod", "600", bed["huk.hex"]);
        var before = bed.Fingerprint();
        // The binary may be where others cannot go: it is opened here.
        File.Copy(NativeBinary.Path, bed["sealdisk"]);
        var result = NativeBinary.Run(new ProcessStartInfo("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", bed["sealdisk"], "--config", bed.Config, verb]));
        Bed.AssertFailure(result, ExitCode.Lacking, message + bed.Name, "run it as root");
        File.Delete(bed["sealdisk"]);
        Assert.Equal(before, bed.Fingerprint());
        bed.AssertNothingOpen();
    }

    [Theory]
    [InlineData("fuse", "load the 'fuse' module")]
    [InlineData("loop-control", "load the 'loop' module")]
    public void A_device_node(string node, string hint)
    {
        using var blank = Bed.With();
        using var ready = Bed.Ready();
        foreach (var bed in new[] { blank, ready })
        {
            var before = bed.Fingerprint();
            foreach (var verb in new[] { "up", "plan", "check" })
            {
                var result = NativeBinary.Run(new ProcessStartInfo(
                    "unshare",
                    [
                        "-m", "--propagation", "slave", "sh", "-euc",
                        "mount -t tmpfs none /mnt; cd /dev; for d in null zero urandom random fuse loop*; do [ $d = $1 ] || cp -a $d /mnt; done; cd /; mount --move /mnt /dev; shift; exec \"$@\"",
                        "sh", node, NativeBinary.Path, "--config", bed.Config, verb,
                    ]));
                Bed.AssertFailure(result, ExitCode.Lacking, $"cannot bring up {bed.Name}: this system has no /dev/{node}", hint);
            }
            Assert.Equal(before, bed.Fingerprint());
            bed.AssertNothingOpen();
        }
    }

    [Fact]
    public void Space_for_the_image()
    {
        using var bed = Bed.With(("size", "8MiB"));
        Directory.CreateDirectory(bed["small"]);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=4m", "none", bed["small"]);
        bed.Change("device", bed["small/image"]);
        var result = bed.Run("up");
        Bed.AssertFailure(result, ExitCode.Failed, "cannot ", "free some space");
        Assert.Contains("(ENOSPC)", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(bed["small"]));
        Tool.Run("umount", bed["small"]);
        bed.AssertNothingOpen();
    }

    [Fact]
    public void A_directory_for_the_detached_record()
    {
        using var bed = Bed.With();
        bed.Change("record", bed["nowhere/record"]);
        Bed.AssertFailure(bed.Run("up"), ExitCode.Failed, $"cannot write the record of {bed.Name}: there is no directory {bed["nowhere"]} (ENOENT)", $"mkdir -p {bed["nowhere"]}");
        bed.AssertNothingOpen();
        Assert.Equal("new", bed.State); // the blank image is there, and is still that
        Directory.CreateDirectory(bed["nowhere"]);
        bed.Up();
    }

    [Fact]
    public void A_directory_for_the_detached_record_that_can_be_written()
    {
        using var bed = Bed.With();
        Directory.CreateDirectory(bed["ro"]);
        Tool.Run("mount", "-t", "tmpfs", "-o", "ro", "none", bed["ro"]);
        bed.Change("record", bed["ro/record"]);
        var result = bed.Run("up");
        Bed.AssertFailure(result, ExitCode.Failed, "cannot ", "remount its filesystem read-write");
        Tool.Run("umount", bed["ro"]);
        bed.AssertNothingOpen();
        bed.Up();
    }

    [Fact]
    public void A_mount_point_that_can_be_made()
    {
        using var bed = Bed.With();
        File.WriteAllText(bed["file"], "");
        bed.Change("mount", bed["file/mnt"]);
        Bed.AssertFailure(bed.Run("up"), ExitCode.Failed, $"cannot make directory {bed["file/mnt"]}: Not a directory (ENOTDIR)");
        bed.AssertNothingOpen();
        Assert.Equal("down", bed.State);
        bed.Change("mount", bed.Mount);
        bed.Up();
    }

    [Fact]
    public void A_mount_option_that_the_filesystem_knows()
    {
        using var bed = Bed.Ready();
        bed.Change("mount-options", new[] { "no-such-option" });
        Bed.AssertFailure(bed.Run("up"), ExitCode.Failed, "cannot mount /dev/loop", "ext4 may not know one of the mount-options no-such-option");
        bed.AssertNothingOpen();
    }
}
