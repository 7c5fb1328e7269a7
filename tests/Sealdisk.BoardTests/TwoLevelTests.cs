using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>Keys on two levels with a real OP-TEE: the kernel's own trusted and encrypted keys, and dm-crypt.</summary>
public sealed class TwoLevelTests
{
    [Fact]
    public void A_volume_opens_after_rotation_and_on_another_device_only_by_recovery()
    {
        using var work = new Workplace();
        var options = new BootOptions { Disks = [new FileDisk(work.Disk("volume", 32)), new FileDisk(work.Disk("logs", 32))] };
        string recovery, line;
        using (var first = Machine.Boot(options))
        {
            line = first.Succeed("sealdisk recovery new /tmp/recovery.key");
            recovery = first.Succeed("cat /tmp/recovery.key");
            TwoVolumes.Configure(first, "tee", line);
            first.Succeed("sealdisk up");
            Assert.Matches(
                "^0 [0-9]+ crypt aes-xts-plain64 :64:encrypted:sealdisk:data 0 25[34]:0 2048",
                first.Succeed("dmsetup table --showkeys data"));
            Assert.Matches(
                "^0 [0-9]+ crypt aes-xts-plain64 :64:encrypted:sealdisk:logs 0 25[34]:16 2048",
                first.Succeed("dmsetup table --showkeys logs"));
            Assert.Equal("", first.Succeed("grep -E 'trusted|encrypted' /proc/keys || true"));
            first.Succeed("echo 'written at the first boot' > /data/file && echo 'of the logs' > /logs/file && sealdisk down");
            Assert.Equal("1", first.Succeed("(sealdisk record show data; sealdisk record show logs) | grep root-key= | sort -u | wc -l"));
            Assert.Equal("2", first.Succeed("(sealdisk record show data; sealdisk record show logs) | grep sealed-key= | sort -u | wc -l"));

            // A rotation touches the records alone.
            var before = first.Succeed("(sealdisk record show data; sealdisk record show logs) | grep root-key= | sort -u");
            var data = Volume.Hash(first, "/dev/vda", 1 << 20) + Volume.Hash(first, "/dev/vdb", 1 << 20);
            first.Succeed("sealdisk rotate");
            Assert.Equal("1", first.Succeed("(sealdisk record show data; sealdisk record show logs) | grep root-key= | sort -u | wc -l"));
            var after = first.Succeed("(sealdisk record show data; sealdisk record show logs) | grep root-key= | sort -u");
            Assert.NotEqual(before, after);
            Assert.Equal(data, Volume.Hash(first, "/dev/vda", 1 << 20) + Volume.Hash(first, "/dev/vdb", 1 << 20));
            Volume.AssertNothingOpen(first);
            first.PowerOff();
        }

        using (var second = Machine.Boot(options))
        {
            TwoVolumes.Configure(second, "tee", line);
            second.Succeed("sealdisk up");
            Assert.Equal("written at the first boot", second.Succeed("cat /data/file"));
            Assert.Equal("of the logs", second.Succeed("cat /logs/file"));
            Volume.ExitsWith(second, ExitCode.Failed, "sealdisk rotate data", "the volume is in use, mounted on /data (EBUSY)");
            second.Succeed("sealdisk down");

            // By hand, as docs/record-format.md has it; the kernel prints what the record has.
            second.Succeed(
                "sealdisk record show data | sed -n 's/^  root-key=//p' > /tmp/root; "
                + "sealdisk record show data | sed -n 's/^  sealed-key=//p' > /tmp/key");
            second.Succeed(
                "name=$(cut -d' ' -f2 /tmp/key | cut -d: -f2-); keyctl add trusted $name \"load $(cat /tmp/root)\" @u && "
                + "keyctl add encrypted byhand \"load $(cat /tmp/key)\" @u");
            Assert.Equal(second.Succeed("cat /tmp/key"), second.Succeed("keyctl pipe $(keyctl search @u encrypted byhand)"));
            second.Succeed(
                "DM_DISABLE_UDEV=1 dmsetup create byhand --table \"0 2048 crypt aes-xts-plain64 :64:encrypted:byhand 0 "
                + "/dev/vda 2048 1 sector_size:$(sealdisk record show data | sed -n 's/^  sector-size=//p')\"");
            // The magic of ext4.
            Assert.Equal(
                second.Succeed("printf '\\123\\357' | sha256sum"),
                second.Succeed(
                    "dd if=/dev/mapper/byhand of=/tmp/start bs=512 count=4 && tail -c +1081 /tmp/start | head -c 2 | sha256sum"));
            second.Succeed("DM_DISABLE_UDEV=1 dmsetup remove byhand && keyctl clear @u");
            Volume.AssertNothingOpen(second);
            second.PowerOff();
        }

        using var other = Machine.Boot(options with { Firmware = Firmware.Second });
        TwoVolumes.Configure(other, "tee", line);
        var disks = Volume.Hash(other, "/dev/vda");
        Volume.ExitsWith(
            other, ExitCode.DoesNotOpen, "sealdisk up data",
            "cannot unseal the root key above the key of data: this hardware does not open it (EFAULT)");
        Volume.ExitsWith(other, ExitCode.DoesNotOpen, "sealdisk rotate data", "cannot unseal the root key above the key of data");
        Assert.Equal(disks, Volume.Hash(other, "/dev/vda"));
        other.Put("/tmp/recovery.key", System.Text.Encoding.ASCII.GetBytes(recovery));
        Assert.Contains("is recovered", other.Succeed("sealdisk recover data --key /tmp/recovery.key"), StringComparison.Ordinal);
        other.Succeed("sealdisk up data");
        Assert.Equal("written at the first boot", other.Succeed("cat /data/file"));
        other.Succeed("sealdisk down data");
        Volume.AssertNothingOpen(other);
    }

    [Fact]
    public void A_key_of_the_soft_source_moves_to_the_TEE_and_never_back()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(
            new BootOptions { Disks = [new FileDisk(work.Disk("volume", 32)), new FileDisk(work.Disk("logs", 32))] });
        machine.Succeed("sealdisk huk new /tmp/huk.hex");
        TwoVolumes.Configure(machine, "soft", "");
        machine.Succeed("sealdisk up data && echo 'made with soft' > /data/file && sealdisk down data");
        Assert.Contains("set source = \"tee\"", machine.Run("sealdisk rotate data --source tee").Error, StringComparison.Ordinal);
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk up data", "the configuration says source soft, its record says tee");
        TwoVolumes.Configure(machine, "tee", "");
        Assert.Contains("source tee, mapping dm", machine.Succeed("sealdisk up data"), StringComparison.Ordinal);
        Assert.Equal("made with soft", machine.Succeed("cat /data/file"));
        machine.Succeed("sealdisk down data");
        var before = Volume.Hash(machine, "/dev/vda");
        Volume.ExitsWith(
            machine, ExitCode.Refused, "sealdisk rotate data --source soft", "cannot move data from source 'tee' to 'soft'",
            "nothing was changed");

        TwoVolumes.Configure(machine, "tee", "", "trusted");
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk up data", "the configuration says key trusted, its record says encrypted");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        machine.Succeed("sealdisk erase data --yes data && sealdisk up data && sealdisk down data");
        Volume.ExitsWith(
            machine, ExitCode.Refused, "sealdisk rotate data",
            "its key is a trusted key of source 'tee', which never leaves the kernel", "nothing was changed");
        machine.Succeed("sealdisk up data && sealdisk down data");
        Volume.AssertNothingOpen(machine);
    }
}
