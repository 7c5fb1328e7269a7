namespace Sealdisk.Tests.Lifecycle;

/// <summary>What people do to a volume that is open, or half know of; none of it may cost data without a word.</summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class MisuseTests
{
    [Fact]
    public void An_image_is_not_overwritten_while_it_is_mapped_or_attached()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        Encrypt("a mapping has it open (EBUSY)");
        volume.Down();
        var before = volume.Fingerprint();
        var loop = Tool.Run("losetup", "-f", "--show", volume.Image).Trim();
        Encrypt($"it is attached to {loop} (EBUSY)");
        Tool.Run("losetup", "-d", loop);
        File.Delete(volume["blob"]);
        File.Delete(volume["plain"]);
        Assert.Equal(before, volume.Fingerprint());

        void Encrypt(string why)
        {
            File.WriteAllBytes(volume["plain"], new byte[4096]);
            if (!File.Exists(volume["blob"]))
                TestVolume.Done(NativeBinary.Run("key", "new", "k", "--size", "64", "--blob", volume["blob"], "--huk", volume["huk.hex"]));
            TestVolume.AssertFailure(
                NativeBinary.Run(
                    "image", "encrypt", volume["plain"], volume.Image, "--force", "--cipher", "aes-xts-plain64",
                    "--key-size", "64", "--blob", volume["blob"], "--huk", volume["huk.hex"]),
                ExitCode.Failed, $"cannot write {volume.Image}: {why}", "close that first");
            File.Delete(volume["plain"]);
            File.Delete(volume["blob"]);
        }
    }

    [Fact]
    public void A_volume_is_not_mapped_twice_through_two_devices()
    {
        using var volume = TestVolume.Ready();
        using var other = new TestVolume();
        File.Copy(volume["huk.hex"], other["huk.hex"], overwrite: true);
        File.Copy(volume.Image, other.Image);
        other.Add(other.Name, ("device", other.Image), ("mount", other.Mount));
        volume.Up();
        TestVolume.AssertFailure(
            other.Run("up"),
            ExitCode.Failed,
            $"cannot use {other.Image}: its volume is mapped already, as {volume.Name} through {volume.Image} (EBUSY)");
        volume.Down();
        TestVolume.Done(other.Run("record", "rename", volume.Name, other.Name));
        other.Up();
        other.Down();
    }

    [Fact]
    public void A_filesystem_mounted_over_the_volume_is_noticed_and_not_unmounted()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        Tool.Run("mount", "-t", "tmpfs", "over-it", volume.Mount);
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            $"cannot bring up {volume.Name}: it is mounted on {volume.Mount}, and over-it is mounted over it",
            $"umount {volume.Mount}");
        Assert.Contains("over-it", volume.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        TestVolume.AssertFailure(
            volume.Run("down"),
            ExitCode.Failed,
            $"cannot unmount {volume.Mount}: over-it is mounted over it",
            $"umount {volume.Mount}");
        Tool.Run("umount", volume.Mount);
        volume.AssertFileKept();
        volume.Down();
    }

    [Fact]
    public void Down_refuses_to_drop_an_image_that_was_removed_while_mapped()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        File.Delete(volume.Image);
        Assert.Contains(
            "was removed while it was in use", volume.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        TestVolume.AssertFailure(
            volume.Run("down"),
            ExitCode.Refused,
            $"cannot take down {volume.Name}: {volume.Image} was removed while it was in use",
            "copy them first");
        volume.AssertFileKept();
        Tool.Run("umount", volume.Mount);
        TestVolume.Done(NativeBinary.Run("map", "close", volume.Name));
        volume.AssertNothingOpen();
    }

    [Fact]
    public void Status_reports_an_image_that_was_truncated_while_mapped()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        Tool.Run("truncate", "-s", "4M", volume.Image);
        Assert.Contains("it was truncated", volume.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        volume.Run("down");
        volume.AssertNothingOpen();
    }

    [Fact]
    public void A_missing_HUK_stops_up_before_an_image_is_made()
    {
        using var volume = TestVolume.With();
        File.Delete(volume["huk.hex"]);
        volume.Refused("up", ExitCode.Usage, $"cannot open {volume["huk.hex"]}: No such file or directory (ENOENT)", "sealdisk huk new");
        Assert.False(File.Exists(volume.Image));
    }

    [Fact]
    public void Down_reports_writes_that_the_disk_refused()
    {
        using var volume = new TestVolume();
        var small = volume["small"];
        Directory.CreateDirectory(small);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=24M", "small", small);
        try
        {
            // Sparse, as it is with discard: the space is promised and not there.
            volume.Add(
                volume.Name,
                ("device", Path.Combine(small, "image")),
                ("size", "64MiB"),
                ("mount", volume.Mount),
                ("discard", true));
            volume.Up();
            Assert.NotEqual(0, Tool.Try("dd", "if=/dev/urandom", $"of={volume.MountedFile}", "bs=1M", "count=40", "conv=fsync").Code);
            Assert.Contains("ENOSPC", volume.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
            var down = volume.Run("down");
            TestVolume.AssertFailure(down, ExitCode.Failed, $"{volume.Name} is down, but its server reported errors", "sealdisk check");
            Assert.Contains("ENOSPC", down.Stderr, StringComparison.Ordinal);
        }
        finally
        {
            Tool.Try("umount", "-l", small);
        }
    }
}
