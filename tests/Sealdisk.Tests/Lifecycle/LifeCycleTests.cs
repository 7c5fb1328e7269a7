using System.Text.Json;
using Sealdisk.Tests.DataPath;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>A volume's days, through the published binary: first boot, later boots, everything that goes well.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class LifeCycleTests
{
    [Theory]
    [InlineData("image", "header", "ext4")]
    [InlineData("image", "detached", "ext4")]
    [InlineData("block", "header", "ext4")]
    [InlineData("block", "detached", "ext4")]
    [InlineData("block512", "header", "ext4")]
    [InlineData("image", "header", "xfs")]
    [InlineData("block", "detached", "btrfs")]
    public void First_boot_down_and_later_boot(string device, string record, string filesystem)
    {
        Assert.SkipUnless(SystemProgram.Find($"mkfs.{filesystem}") is not null, $"mkfs.{filesystem} is not installed");
        using var bed = new Bed();
        var size = filesystem == "ext4" ? "12MiB" : "320MiB";
        List<(string, object?)> settings = [("filesystem", filesystem), ("mount", bed.Mount), ("mount-options", new[] { "noatime", "nosuid" }), ("device", bed.Image)];
        if (record == "detached")
            settings.Add(("record", bed["record"]));
        if (device == "image")
        {
            settings.Add(("size", size));
        }
        else
        {
            Tool.Run("truncate", "-s", size[..^2], bed.Image);
            settings.Add(("device", bed.Attach("image", "-b", device == "block512" ? "512" : "4096")));
            settings.Add(("sector-size", null));
        }
        bed.Add(bed.Name, [.. settings]);

        Assert.Equal("new", bed.State);
        var first = bed.Up();
        Assert.StartsWith($"{bed.Name}: first boot\n", first.Stderr, StringComparison.Ordinal);
        Assert.Equal($"{bed.Name} is up: mounted on {bed.Mount}; source soft, mapping fuse, aes-xts-plain64\n", first.Stdout);
        Assert.Equal("up", bed.State);
        Assert.Equal(device == "block512" ? 512 : 4096, bed.Json("status").GetProperty("sector_size").GetInt32());
        Assert.StartsWith($"{filesystem} rw,nosuid,noatime", Tool.Shell("findmnt -nro FSTYPE,OPTIONS $1", bed.Mount), StringComparison.Ordinal);
        File.WriteAllText(bed.File1, "the file of the first boot");

        Assert.EndsWith($"{bed.Name} is up already: mounted on {bed.Mount}; source soft, mapping fuse, aes-xts-plain64\n", bed.Up().Stdout, StringComparison.Ordinal);
        Assert.Equal($"{bed.Name} is down\n", bed.Down().Stdout);
        Assert.Equal($"{bed.Name} is down already\n", bed.Down().Stdout);
        Assert.Equal("down", bed.State);
        Assert.False(File.Exists(bed.File1));

        Assert.StartsWith($"{bed.Name}: later boot\n", bed.Up().Stderr, StringComparison.Ordinal);
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        bed.Down();
        Assert.DoesNotContain("the file of the first boot", File.ReadAllText(bed.Image, System.Text.Encoding.Latin1), StringComparison.Ordinal);
    }

    [Fact]
    public void Vfat_is_made_and_found_again()
    {
        using var bed = Bed.With(("filesystem", "vfat"), ("mount", null)); // not every kernel can mount it
        bed.Up();
        Assert.Equal("mapped", bed.State);
        Assert.Contains("is up already: mapped;", bed.Up().Stdout, StringComparison.Ordinal);
        bed.Down();
        Assert.Contains("verify that it is vfat ", bed.Up().Stderr, StringComparison.Ordinal);
        bed.Down();
        Assert.Contains(", vfat ", Bed.Done(bed.Run("check")).Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_without_the_filesystem_is_named_and_nothing_stays_open()
    {
        Tool.Shell("modprobe -q vfat 2>/dev/null || true");
        Assert.SkipWhen(File.ReadAllText("/proc/filesystems").Contains("vfat", StringComparison.Ordinal), "this kernel has vfat");
        using var bed = Bed.With(("filesystem", "vfat"));
        Bed.AssertFailure(bed.Run("up"), ExitCode.Lacking, "cannot mount /dev/loop", "this kernel does not know vfat");
        bed.AssertNothingOpen();
        Assert.Equal("down", bed.State);
    }

    [Fact]
    public void Several_volumes_have_a_key_each()
    {
        using var bed = new Bed();
        string[] names = [bed.Name, bed.Name + "b", bed.Name + "c"];
        foreach (var name in names)
            bed.Add(name, ("device", bed[name]), ("size", "8MiB"), ("mount", bed[name + ".mnt"]));
        bed.Up();
        foreach (var name in names)
            File.WriteAllText(bed[name + ".mnt/name"], name);
        Bed.Done(bed.Run("down", names[1]));
        Assert.Equal(["up", "down", "up"], JsonDocument.Parse(bed.Run("status", "--json").Stdout).RootElement.GetProperty("volumes").EnumerateArray().Select(volume => volume.GetProperty("state").GetString()!));
        bed.Down();
        bed.Up();
        foreach (var name in names)
            Assert.Equal(name, File.ReadAllText(bed[name + ".mnt/name"]));
        bed.Down();

        Assert.Distinct(names.Select(name => Record(bed[name]).SealedKey));
        Assert.Distinct(names.Select(name => Record(bed[name]).Uuid));
        Assert.Distinct(names.Select(name => Convert.ToHexString(File.ReadAllBytes(bed[name])[Bed.MiB..(Bed.MiB + 512)])));
    }

    [Fact]
    public void One_volume_that_fails_keeps_no_other_down()
    {
        using var bed = Bed.With(("device", "/nowhere"), ("size", null), ("mount", "/nowhere/mnt"));
        bed.Add(bed.Name + "b", ("device", bed.Image), ("size", "8MiB"), ("mount", bed.Mount));
        var result = bed.Run("up");
        Bed.AssertFailure(result, ExitCode.Failed, $"cannot bring up {bed.Name}: /nowhere does not exist (ENOENT)");
        Assert.Contains($"{bed.Name}b is up", result.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_and_status_change_nothing_and_plan_is_what_up_does()
    {
        using var bed = Bed.With();
        var before = bed.Fingerprint();
        var planned = Bed.Done(bed.Run("plan")).Stdout;
        Assert.StartsWith($"{bed.Name}: first boot\n  1. create {bed.Image}, 8388608 bytes\n  2. make a random key of 64 bytes, sealed by soft\n", planned, StringComparison.Ordinal);
        Assert.Equal(before, bed.Fingerprint());
        bed.AssertNothingOpen();

        var steps = bed.Json("plan").GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("intent").GetString()!).ToArray();
        var done = bed.Up().Stderr.Split('\n')[1..^1];
        Assert.Equal(steps, done.Select(line => line[4..].Split("  (")[0]));
        bed.Down();

        before = bed.Fingerprint();
        Assert.StartsWith($"{bed.Name}: later boot\n  1. unseal the key of 64 bytes with soft\n", Bed.Done(bed.Run("plan")).Stdout, StringComparison.Ordinal);
        Assert.Equal("down", bed.State);
        Assert.StartsWith($"{bed.Name} will unlock: the key unseals (64 bytes, soft), ext4 ", Bed.Done(bed.Run("check")).Stdout, StringComparison.Ordinal);
        Assert.Equal(before, bed.Fingerprint());
        bed.AssertNothingOpen();
    }

    [Fact]
    public void Json_says_it_all()
    {
        using var bed = Bed.With();
        Assert.Equal("first_boot", bed.Json("plan").GetProperty("plan").GetString());
        var up = bed.Json("up");
        Assert.Equal(("first_boot", "up", bed.Mount), (up.GetProperty("plan").GetString(), up.GetProperty("state").GetString(), up.GetProperty("mount").GetString()));
        Assert.Equal("already_up", bed.Json("up").GetProperty("plan").GetString());
        var status = bed.Json("status");
        Assert.Equal(
            ("up", "both good", "ready", "soft", "fuse", "aes-xts-plain64", 64, "ext4", bed.Mount),
            (status.GetProperty("state").GetString(), status.GetProperty("record_copies").GetString(), status.GetProperty("record_state").GetString(),
                status.GetProperty("source").GetString(), status.GetProperty("mapping").GetString(), status.GetProperty("cipher").GetString(),
                status.GetProperty("key_size").GetInt32(), status.GetProperty("filesystem").GetString(), status.GetProperty("mount").GetString()));
        Assert.True(bed.Json("check").GetProperty("unlocks").GetBoolean());
        Assert.Equal(2, bed.Json("down").GetProperty("done").GetArrayLength());
        Assert.Equal(0, bed.Json("down").GetProperty("done").GetArrayLength());

        bed.NewHuk("huk.hex");
        var refused = bed.Run("up", "--json");
        var error = JsonDocument.Parse(refused.Stdout).RootElement.GetProperty("volumes")[0].GetProperty("error");
        Assert.Equal((4, 4), (refused.Exit, error.GetProperty("exit_code").GetInt32()));
        Assert.StartsWith("cannot unseal the key of ", error.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    /// <summary>What dm-crypt would decrypt is what our own image decryption gives: a clean filesystem with the recorded UUID.</summary>
    [Fact]
    public void A_detached_image_decrypts_to_a_clean_filesystem()
    {
        using var bed = new Bed();
        bed.Add(bed.Name, ("device", bed.Image), ("size", "16MiB"), ("record", bed["record"]), ("mount", bed.Mount), ("cipher", "aes-cbc-essiv:sha256"), ("key-size", 32));
        bed.Up();
        File.WriteAllText(bed.File1, "read by debugfs");
        bed.Down();
        var record = Record(bed["record"]);
        File.WriteAllText(bed["blob"], record.SealedKey);
        Bed.Done(NativeBinary.Run(
            "image", "decrypt", bed.Image, bed["plain"], "--cipher", record.Cipher, "--key-size", "32", "--sector-size", "4096", "--blob", bed["blob"], "--source", "soft", "--huk", bed["huk.hex"]));
        Tool.Run("e2fsck", "-fn", bed["plain"]);
        Assert.Equal(record.FilesystemUuid, Tool.Run("blkid", "-p", "-s", "UUID", "-o", "value", bed["plain"]).Trim());
        Assert.Contains("read by debugfs", Tool.Run("debugfs", "-R", "cat /file", bed["plain"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plain_filesystem_is_replaced_where_that_is_configured()
    {
        using var bed = Bed.With(("first-boot", "replace"));
        Tool.Shell("truncate -s 8M $1; mkfs.ext4 -q -F $1", bed.Image);
        Assert.Contains(": first boot\n", bed.Up().Stderr, StringComparison.Ordinal);
        File.WriteAllText(bed.File1, "new");
        bed.Down();
        Assert.Contains(": later boot\n", bed.Up().Stderr, StringComparison.Ordinal);
        Assert.Equal("new", File.ReadAllText(bed.File1));
    }

    [Fact]
    public void Unmounted_by_hand_it_is_mounted_again()
    {
        using var bed = Bed.Ready();
        bed.Up();
        Tool.Run("umount", bed.Mount);
        Assert.Equal("mapped", bed.State);
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
    }

    private static VolumeRecord Record(string path)
    {
        using var file = File.OpenRead(path);
        var block = new byte[RecordFormat.BlockSize];
        file.ReadExactly(block);
        return Assert.IsType<CopyReading.Valid>(RecordFormat.Read(block)).Record;
    }
}
