using System.Text.Json;
using Sealdisk.Volumes.Filesystems;
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
    public void A_volume_survives_first_boot_down_and_later_boot(string device, string record, string filesystem)
    {
        Assert.SkipUnless(SystemProgram.Find($"mkfs.{filesystem}") is not null, $"mkfs.{filesystem} is not installed");
        using var volume = new TestVolume();
        var size = filesystem == "ext4" ? "12MiB" : "320MiB";
        List<(string, object?)> settings =
        [
            ("filesystem", filesystem),
            ("mount", volume.Mount),
            ("mount-options", new[] { "noatime", "nosuid" }),
            ("device", volume.Image),
        ];
        if (record == "detached")
            settings.Add(("record", volume["record"]));
        if (device == "image")
        {
            settings.Add(("size", size));
        }
        else
        {
            Tool.Run("truncate", "-s", size[..^2], volume.Image);
            settings.Add(("device", volume.Attach("image", "-b", device == "block512" ? "512" : "4096")));
            settings.Add(("sector-size", null));
        }
        volume.Add(volume.Name, [.. settings]);

        Assert.Equal("new", volume.State);
        var first = volume.Up();
        Assert.StartsWith($"{volume.Name}: first boot\n", first.Stderr, StringComparison.Ordinal);
        Assert.Equal($"{volume.Name} is up: mounted on {volume.Mount}; source soft, mapping fuse, aes-xts-plain64\n", first.Stdout);
        Assert.Equal("up", volume.State);
        Assert.Equal(device == "block512" ? 512 : 4096, volume.Json("status").GetProperty("sector_size").GetInt32());
        Assert.StartsWith(
            $"{filesystem} rw,nosuid,noatime",
            Tool.Shell("findmnt -nro FSTYPE,OPTIONS $1", volume.Mount),
            StringComparison.Ordinal);
        File.WriteAllText(volume.MountedFile, TestVolume.FileContent);

        Assert.EndsWith(
            $"{volume.Name} is up already: mounted on {volume.Mount}; source soft, mapping fuse, aes-xts-plain64\n",
            volume.Up().Stdout,
            StringComparison.Ordinal);
        Assert.Equal($"{volume.Name} is down\n", volume.Down().Stdout);
        Assert.Equal($"{volume.Name} is down already\n", volume.Down().Stdout);
        Assert.Equal("down", volume.State);
        Assert.False(File.Exists(volume.MountedFile));

        Assert.StartsWith($"{volume.Name}: later boot\n", volume.Up().Stderr, StringComparison.Ordinal);
        volume.AssertFileKept();
        volume.Down();
        Assert.DoesNotContain(
            TestVolume.FileContent,
            File.ReadAllText(volume.Image, System.Text.Encoding.Latin1),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_vfat_volume_is_made_and_found_again()
    {
        using var volume = TestVolume.With(("filesystem", "vfat"), ("mount", null)); // not every kernel can mount it
        volume.Up();
        Assert.Equal("mapped", volume.State);
        Assert.Contains("is up already: mapped;", volume.Up().Stdout, StringComparison.Ordinal);
        volume.Down();
        Assert.Contains("verify that it is vfat ", volume.Up().Stderr, StringComparison.Ordinal);
        volume.Down();
        Assert.Contains(", vfat ", TestVolume.Done(volume.Run("check")).Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public void A_filesystem_that_the_kernel_lacks_is_named_and_nothing_stays_open()
    {
        Tool.Shell("modprobe -q vfat 2>/dev/null || true");
        Assert.SkipWhen(File.ReadAllText("/proc/filesystems").Contains("vfat", StringComparison.Ordinal), "this kernel has vfat");
        using var volume = TestVolume.With(("filesystem", "vfat"));
        TestVolume.AssertFailure(volume.Run("up"), ExitCode.Lacking, "cannot mount /dev/loop", "this kernel does not know vfat");
        volume.AssertNothingOpen();
        Assert.Equal("down", volume.State);
    }

    [Fact]
    public void Each_of_several_volumes_has_its_own_key()
    {
        using var volume = new TestVolume();
        string[] names = [volume.Name, volume.Name + "b", volume.Name + "c"];
        foreach (var name in names)
            volume.Add(name, ("device", volume[name]), ("size", "8MiB"), ("mount", volume[name + ".mnt"]));
        volume.Up();
        foreach (var name in names)
            File.WriteAllText(volume[name + ".mnt/name"], name);
        TestVolume.Done(volume.Run("down", names[1]));
        Assert.Equal(
            ["up", "down", "up"],
            JsonDocument.Parse(volume.Run("status", "--json").Stdout)
                .RootElement.GetProperty("volumes").EnumerateArray()
                .Select(one => one.GetProperty("state").GetString()!));
        volume.Down();
        volume.Up();
        foreach (var name in names)
            Assert.Equal(name, File.ReadAllText(volume[name + ".mnt/name"]));
        volume.Down();

        Assert.Distinct(names.Select(name => Record(volume[name]).Key.Text));
        Assert.Distinct(names.Select(name => Record(volume[name]).Uuid));
        Assert.Distinct(names.Select(name => Convert.ToHexString(File.ReadAllBytes(volume[name])[TestVolume.MiB..(TestVolume.MiB + 512)])));
    }

    [Fact]
    public void A_volume_that_fails_does_not_keep_another_down()
    {
        using var volume = TestVolume.With(("device", "/nowhere"), ("size", null), ("mount", "/nowhere/mnt"));
        volume.Add(volume.Name + "b", ("device", volume.Image), ("size", "8MiB"), ("mount", volume.Mount));
        var result = volume.Run("up");
        TestVolume.AssertFailure(result, ExitCode.Failed, $"cannot bring up {volume.Name}: /nowhere does not exist (ENOENT)");
        Assert.Contains($"{volume.Name}b is up", result.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_and_status_change_nothing_and_plan_says_what_up_does()
    {
        using var volume = TestVolume.With();
        var before = volume.Fingerprint();
        var planned = TestVolume.Done(volume.Run("plan")).Stdout;
        Assert.StartsWith(
            $"{volume.Name}: first boot\n  1. create {volume.Image}, 8388608 bytes\n  2. make a random key of 64 bytes, sealed by soft\n",
            planned,
            StringComparison.Ordinal);
        Assert.Equal(before, volume.Fingerprint());
        volume.AssertNothingOpen();

        var steps = volume.Json("plan")
            .GetProperty("steps")
            .EnumerateArray()
            .Select(step => step.GetProperty("intent").GetString()!)
            .ToArray();
        var done = volume.Up().Stderr.Split('\n')[1..^1];
        Assert.Equal(steps, done.Select(line => line[4..].Split("  (")[0]));
        volume.Down();

        before = volume.Fingerprint();
        Assert.StartsWith(
            $"{volume.Name}: later boot\n  1. unseal the key of 64 bytes with soft\n",
            TestVolume.Done(volume.Run("plan")).Stdout,
            StringComparison.Ordinal);
        Assert.Equal("down", volume.State);
        Assert.StartsWith(
            $"{volume.Name} will unlock: the key unseals (64 bytes, soft), ext4 ",
            TestVolume.Done(volume.Run("check")).Stdout,
            StringComparison.Ordinal);
        Assert.Equal(before, volume.Fingerprint());
        volume.AssertNothingOpen();
    }

    [Fact]
    public void Json_reports_a_volume_completely()
    {
        using var volume = TestVolume.With();
        Assert.Equal("first_boot", volume.Json("plan").GetProperty("plan").GetString());
        var up = volume.Json("up");
        Assert.Equal(
            ("first_boot", "up", volume.Mount),
            (up.GetProperty("plan").GetString(), up.GetProperty("state").GetString(), up.GetProperty("mount").GetString()));
        Assert.Equal("already_up", volume.Json("up").GetProperty("plan").GetString());
        var status = volume.Json("status");
        Assert.Equal(
            ("up", "both good", "ready", "soft", "fuse", "aes-xts-plain64", 64, "ext4", volume.Mount),
            (
                status.GetProperty("state").GetString(),
                status.GetProperty("record_copies").GetString(),
                status.GetProperty("record_state").GetString(),
                status.GetProperty("source").GetString(),
                status.GetProperty("mapping").GetString(),
                status.GetProperty("cipher").GetString(),
                status.GetProperty("key_size").GetInt32(),
                status.GetProperty("filesystem").GetString(),
                status.GetProperty("mount").GetString()));
        Assert.True(volume.Json("check").GetProperty("unlocks").GetBoolean());
        Assert.Equal(2, volume.Json("down").GetProperty("done").GetArrayLength());
        Assert.Equal(0, volume.Json("down").GetProperty("done").GetArrayLength());

        volume.NewHuk("huk.hex");
        var refused = volume.Run("up", "--json");
        var error = JsonDocument.Parse(refused.Stdout).RootElement.GetProperty("volumes")[0].GetProperty("error");
        Assert.Equal((4, 4), (refused.Exit, error.GetProperty("exit_code").GetInt32()));
        Assert.StartsWith("cannot unseal the key of ", error.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    /// <summary>What dm-crypt would decrypt is what our own image decryption gives: a clean filesystem with the recorded UUID.</summary>
    [Fact]
    public void A_detached_image_decrypts_to_a_clean_filesystem()
    {
        using var volume = new TestVolume();
        volume.Add(
            volume.Name,
            ("device", volume.Image),
            ("size", "16MiB"),
            ("record", volume["record"]),
            ("mount", volume.Mount),
            ("cipher", "aes-cbc-essiv:sha256"),
            ("key-size", 32));
        volume.Up();
        File.WriteAllText(volume.MountedFile, "read by debugfs");
        volume.Down();
        var record = Record(volume["record"]);
        File.WriteAllText(volume["blob"], record.Key.Text);
        TestVolume.Done(NativeBinary.Run(
            "image", "decrypt", volume.Image, volume["plain"], "--cipher", record.Format.Cipher.Text, "--key-size", "32",
            "--sector-size", "4096", "--blob", volume["blob"], "--source", "soft", "--huk", volume["huk.hex"]));
        Tool.Run("e2fsck", "-fn", volume["plain"]);
        Assert.Equal(record.FilesystemUuid, Tool.Run("blkid", "-p", "-s", "UUID", "-o", "value", volume["plain"]).Trim());
        Assert.Contains("read by debugfs", Tool.Run("debugfs", "-R", "cat /file", volume["plain"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plain_filesystem_is_replaced_if_the_configuration_says_so()
    {
        using var volume = TestVolume.With(("first-boot", "replace"));
        Tool.Shell("truncate -s 8M $1; mkfs.ext4 -q -F $1", volume.Image);
        Assert.Contains(": first boot\n", volume.Up().Stderr, StringComparison.Ordinal);
        File.WriteAllText(volume.MountedFile, "new");
        volume.Down();
        Assert.Contains(": later boot\n", volume.Up().Stderr, StringComparison.Ordinal);
        Assert.Equal("new", File.ReadAllText(volume.MountedFile));
    }

    [Fact]
    public void A_volume_unmounted_by_hand_is_mounted_again()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        Tool.Run("umount", volume.Mount);
        Assert.Equal("mapped", volume.State);
        volume.Up();
        volume.AssertFileKept();
    }

    private static VolumeRecord Record(string path)
    {
        using var file = File.OpenRead(path);
        var block = new byte[RecordFormat.BlockSize];
        file.ReadExactly(block);
        return Assert.IsType<CopyReading.Valid>(RecordFormat.Read(block)).Record;
    }
}
