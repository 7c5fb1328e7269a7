using Sealdisk.Tests.DataPath;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>What people do to a volume that is open, or half know of; none of it may cost data without a word.</summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class MisuseTests
{
    [Fact]
    public void An_image_is_not_written_over_while_it_is_mapped_or_attached()
    {
        using var bed = Bed.Ready();
        bed.Up();
        Encrypt("a mapping has it open (EBUSY)");
        bed.Down();
        var before = bed.Fingerprint();
        var loop = Tool.Run("losetup", "-f", "--show", bed.Image).Trim();
        Encrypt($"it is attached to {loop} (EBUSY)");
        Tool.Run("losetup", "-d", loop);
        File.Delete(bed["blob"]);
        File.Delete(bed["plain"]);
        Assert.Equal(before, bed.Fingerprint());

        void Encrypt(string why)
        {
            File.WriteAllBytes(bed["plain"], new byte[4096]);
            if (!File.Exists(bed["blob"]))
                Bed.Done(NativeBinary.Run("key", "new", "k", "--size", "64", "--blob", bed["blob"], "--huk", bed["huk.hex"]));
            Bed.AssertFailure(
                NativeBinary.Run(
                    "image", "encrypt", bed["plain"], bed.Image, "--force", "--cipher", "aes-xts-plain64", "--key-size", "64", "--blob", bed["blob"], "--huk", bed["huk.hex"]),
                ExitCode.Failed, $"cannot write {bed.Image}: {why}", "close that first");
            File.Delete(bed["plain"]);
            File.Delete(bed["blob"]);
        }
    }

    [Fact]
    public void One_volume_is_not_mapped_twice_through_two_devices()
    {
        using var bed = Bed.Ready();
        using var other = new Bed();
        File.Copy(bed["huk.hex"], other["huk.hex"], overwrite: true);
        File.Copy(bed.Image, other.Image);
        other.Add(other.Name, ("device", other.Image), ("mount", other.Mount));
        bed.Up();
        Bed.AssertFailure(other.Run("up"), ExitCode.Failed, $"cannot use {other.Image}: its volume is mapped already, as {bed.Name} through {bed.Image} (EBUSY)");
        bed.Down();
        other.Up();
        other.Down();
    }

    [Fact]
    public void Something_mounted_over_the_volume_is_seen_and_not_unmounted_in_its_place()
    {
        using var bed = Bed.Ready();
        bed.Up();
        Tool.Run("mount", "-t", "tmpfs", "over-it", bed.Mount);
        Bed.AssertFailure(bed.Run("up"), ExitCode.Failed, $"cannot bring up {bed.Name}: it is mounted on {bed.Mount}, and over-it is mounted over it", $"umount {bed.Mount}");
        Assert.Contains("over-it", bed.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        Bed.AssertFailure(bed.Run("down"), ExitCode.Failed, $"cannot unmount {bed.Mount}: over-it is mounted over it", $"umount {bed.Mount}");
        Tool.Run("umount", bed.Mount);
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        bed.Down();
    }

    [Fact]
    public void An_image_removed_while_it_is_mapped_is_not_dropped_without_a_word()
    {
        using var bed = Bed.Ready();
        bed.Up();
        File.Delete(bed.Image);
        Assert.Contains("was removed under it", bed.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        Bed.AssertFailure(bed.Run("down"), ExitCode.Refused, $"cannot take down {bed.Name}: {bed.Image} was removed under it", "copy them first");
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        Tool.Run("umount", bed.Mount);
        Bed.Done(NativeBinary.Run("map", "close", bed.Name));
        bed.AssertNothingOpen();
    }

    [Fact]
    public void An_image_cut_while_it_is_mapped_shows_in_status()
    {
        using var bed = Bed.Ready();
        bed.Up();
        Tool.Run("truncate", "-s", "4M", bed.Image);
        Assert.Contains("it was truncated", bed.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        bed.Run("down");
        bed.AssertNothingOpen();
    }

    [Fact]
    public void A_missing_HUK_costs_nothing_not_even_an_image()
    {
        using var bed = Bed.With();
        File.Delete(bed["huk.hex"]);
        bed.Refused("up", ExitCode.Usage, $"cannot open {bed["huk.hex"]}: No such file or directory (ENOENT)", "sealdisk huk new");
        Assert.False(File.Exists(bed.Image));
    }

    [Fact]
    public void Writes_that_the_disk_refused_are_told_at_the_end()
    {
        using var bed = new Bed();
        var small = bed["small"];
        Directory.CreateDirectory(small);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=24M", "small", small);
        try
        {
            // Sparse, as it is with discard: the space is promised and not there.
            bed.Add(bed.Name, ("device", Path.Combine(small, "image")), ("size", "64MiB"), ("mount", bed.Mount), ("discard", true));
            bed.Up();
            Assert.NotEqual(0, Tool.Try("dd", "if=/dev/urandom", $"of={bed.File1}", "bs=1M", "count=40", "conv=fsync").Code);
            Assert.Contains("ENOSPC", bed.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
            var down = bed.Run("down");
            Bed.AssertFailure(down, ExitCode.Failed, $"{bed.Name} is down, but not all is well", "sealdisk check");
            Assert.Contains("ENOSPC", down.Stderr, StringComparison.Ordinal);
        }
        finally
        {
            Tool.Try("umount", "-l", small);
        }
    }
}
