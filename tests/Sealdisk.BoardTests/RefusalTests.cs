using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>What goes wrong on a real system: the right exit code, a way out, and nothing changed.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData(Firmware.NoTa, "", "OP-TEE is there, but not its trusted-keys TA")]
    [InlineData(Firmware.Default, BootOptions.NoTrustedKeys, "this kernel has not registered the 'trusted' key type")]
    [InlineData(Firmware.Default, BootOptions.NoDmCrypt, "no target 'crypt'")]
    [InlineData(Firmware.Default, BootOptions.NoDeviceMapper, "no device-mapper")]
    public void A_missing_piece_is_named_and_nothing_is_begun(Firmware firmware, string append, string words)
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(
            new BootOptions { Firmware = firmware, Append = append, Disks = [new FileDisk(work.Disk("volume", 16))] });
        Volume.Configure(machine);
        var before = Volume.Hash(machine, "/dev/vda");
        foreach (var verb in new[] { "up", "plan", "check" })
            Volume.ExitsWith(machine, ExitCode.Lacking, $"sealdisk {verb}", words, "hint:");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Assert.Equal("", machine.Succeed("losetup -a; grep trusted /proc/keys || true"));
    }

    [Fact]
    public void A_tampered_blob_does_not_open()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16))] });
        machine.Succeed(
            "sealdisk key new kmk --blob /tmp/kmk.blob --source tee --keyring @u && keyctl unlink $(keyctl search @u trusted kmk) @u");
        var blob = machine.Succeed("cat /tmp/kmk.blob");
        // IV, tag, ciphertext; and a blob that lost its end.
        foreach (var at in new[] { 10, 40, 100 })
            Broken(blob[..at] + (blob[at] == '0' ? '1' : '0') + blob[(at + 1)..], "ffff000f");
        Broken(blob[..^4], "ffff000f");
        Broken(blob[..60], "ffff0006");

        void Broken(string text, string code)
        {
            machine.Put("/tmp/broken", System.Text.Encoding.ASCII.GetBytes(text));
            Volume.ExitsWith(
                machine, ExitCode.DoesNotOpen, "sealdisk key load broken --blob /tmp/broken --keyring @u",
                "this hardware does not open it (EFAULT)", code);
            Assert.Equal("", machine.Succeed("grep broken /proc/keys || true"));
        }
    }

    [Fact]
    public void An_unprivileged_user_is_told_to_run_it_as_root()
    {
        using var machine = Machine.Boot();
        machine.Succeed("truncate -s 16M /tmp/image && chmod 666 /tmp/image && chmod 1777 /tmp");
        Volume.Configure(machine, ("device", "\"/tmp/image\""));
        var before = Volume.Hash(machine, "/tmp/image");
        foreach (var command in new[] { "up", "down", "check", "map close data" })
            Volume.ExitsWith(
                machine, ExitCode.Lacking, $"setpriv --reuid=1000 --regid=1000 --clear-groups sealdisk {command}", "CAP_SYS_ADMIN",
                "run it as root");
        Assert.Equal(before, Volume.Hash(machine, "/tmp/image"));
        // Keys need no privilege.
        machine.Succeed(
            "setpriv --reuid=1000 --regid=1000 --clear-groups sealdisk key new kmk --blob /tmp/user.blob --source tee --keyring @u");
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void Two_runs_at_once_take_turns_and_make_one_first_boot()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16))] });
        Volume.Configure(machine);
        var both = new[] { machine.Start("sealdisk up"), machine.Start("sealdisk up") }.Select(started => started.Wait()).ToArray();
        Assert.All(both, answer => Assert.Equal(0, answer.ExitCode));
        Assert.Single(both, answer => answer.Error.Contains("first boot", StringComparison.Ordinal));
        Assert.Single(both, answer => answer.Output.Contains("is up already", StringComparison.Ordinal));
        machine.Succeed("sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void A_name_or_a_device_in_use_is_left_alone()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(
            new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16)), new FileDisk(work.Disk("other", 16))] });
        Volume.Configure(machine);
        machine.Succeed("dmsetup create data --table '0 2048 linear /dev/vdb 0'");
        Volume.ExitsWith(machine, ExitCode.Failed, "sealdisk up", "EBUSY", "not one of Sealdisk's");
        Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk map open data /dev/vda --cipher aes-xts-plain64 --key-size 64 --key trusted:x",
            "x");
        machine.Succeed("sealdisk down && dmsetup info data && dmsetup remove data");

        machine.Succeed("mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt");
        Volume.ExitsWith(machine, ExitCode.Failed, "sealdisk up", "it is mounted on /mnt (EBUSY)");
        machine.Succeed("umount /mnt && dmsetup create raw --table '0 2048 linear /dev/vda 0'");
        Volume.ExitsWith(machine, ExitCode.Failed, "sealdisk up", "device-mapper's raw is built on it (EBUSY)");
        machine.Succeed("dmsetup remove raw && dd if=/dev/zero of=/dev/vda bs=1M 2>/dev/null; true");

        machine.Succeed("sealdisk up && sleep 100 < /data & sleep 2; true");
        machine.Succeed("cd /data && sleep 100 >/dev/null 2>&1 </dev/null & sleep 1; true");
        Volume.ExitsWith(machine, ExitCode.Failed, "sealdisk down", "EBUSY", "fuser");
        machine.Succeed("killall sleep; sleep 1; sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void A_filesystem_planted_on_the_raw_device_is_never_mounted()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16))] });
        Volume.Configure(machine, ("record", "\"/tmp/data.record\""));
        machine.Succeed("sealdisk up && echo x > /data/x && sealdisk down && mkfs.ext4 -q -F /dev/vda");
        var before = Volume.Hash(machine, "/dev/vda");
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk up", "never mounted in its place");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void A_cipher_that_the_kernel_lacks_is_named()
    {
        using var machine = Machine.Boot();
        machine.Succeed("keyctl add trusted kmk 'new 32' @u && truncate -s 1M /tmp/image");
        Volume.ExitsWith(
            machine, ExitCode.Usage, "sealdisk map open x /tmp/image --cipher serpent-cbc-plain --key-size 32 --key trusted:kmk",
            "serpent");
        Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk map open x /tmp/image --cipher aes-xts-plain64 --key-size 64 --key trusted:kmk",
            "EINVAL", "64 bytes");
        Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk map open x /tmp/image --cipher aes-cbc-plain --key-size 32 --key trusted:none",
            "ENOKEY", "key load none");
        Volume.AssertNothingOpen(machine);
    }
}
