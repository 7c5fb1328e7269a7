using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>A device's life by 'sealdisk up' alone.</summary>
public sealed class UpTests
{
    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    [InlineData("image")]
    public void A_volume_opens_after_power_off_and_not_on_another_device(string record)
    {
        using var work = new Workplace();
        var options = new BootOptions { Disks = [new FileDisk(work.Disk("volume", 32)), new FileDisk(work.Disk("boot", 64))] };
        using (var first = Machine.Boot(options))
        {
            first.Succeed("mkfs.ext4 -q /dev/vdb");
            Prepare(first, record);
            var up = first.Run("sealdisk up");
            Assert.Equal(0, up.ExitCode);
            Assert.Contains("source tee, mapping dm", up.Output, StringComparison.Ordinal);
            Assert.Contains("first boot", up.Error, StringComparison.Ordinal);
            // The key is nowhere any more but in the mapping.
            Assert.Equal("", first.Succeed("grep trusted /proc/keys || true"));
            Assert.Matches(
                $"^0 [0-9]+ crypt aes-xts-plain64 :64:trusted:sealdisk:data 0 {(record == "image" ? "7:0" : "25[34]:0")} "
                + $"{(record == "header" ? 2048 : record == "image" ? 2048 : 0)}",
                first.Succeed("dmsetup table --showkeys data"));
            Assert.Contains("is up already", first.Succeed("sealdisk up"), StringComparison.Ordinal);
            first.Succeed("echo 'written at the first boot' > /data/file && sealdisk status | grep -q 'mapping    dm'");
            Assert.Contains("is down", first.Succeed("sealdisk down"), StringComparison.Ordinal);
            Volume.AssertNothingOpen(first);
            Assert.Contains("is down already", first.Succeed("sealdisk down"), StringComparison.Ordinal);
            first.Succeed("sealdisk up && umount /data && dmsetup remove data && umount /boot");
            first.PowerOff();
        }

        using (var second = Machine.Boot(options))
        {
            Prepare(second, record);
            Assert.Contains("the key unseals", second.Succeed("sealdisk check"), StringComparison.Ordinal);
            Assert.DoesNotContain("data", second.Succeed("dmsetup ls; losetup -a"), StringComparison.Ordinal);
            var up = second.Run("sealdisk up");
            Assert.Equal(0, up.ExitCode);
            Assert.Contains("later boot", up.Error, StringComparison.Ordinal);
            Assert.Equal("written at the first boot", second.Succeed("cat /data/file"));
            Assert.Contains("the key unseals", second.Succeed("sealdisk check"), StringComparison.Ordinal);
            second.Succeed("sealdisk down && umount /boot");
            second.PowerOff();
        }

        using var other = Machine.Boot(options with { Firmware = Firmware.Second });
        Prepare(other, record, "ro");
        var before = Volume.Hash(other, "/dev/vda") + Volume.Hash(other, "/dev/vdb");
        foreach (var verb in new[] { "up", "check" })
        {
            var said = Volume.ExitsWith(
                other, ExitCode.DoesNotOpen, $"sealdisk {verb}", "this hardware does not open it (EFAULT)", "another device");
            Assert.Contains("TA_CMD_UNSEAL invoke err: ffff000f", said, StringComparison.Ordinal);
        }
        Assert.Equal(before, Volume.Hash(other, "/dev/vda") + Volume.Hash(other, "/dev/vdb"));
        Volume.AssertNothingOpen(other);
    }

    [Fact]
    public void The_options_of_the_configuration_reach_the_table_and_equal_a_table_made_by_hand()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 32))] });
        Volume.Configure(
            machine, (
                "cipher",
                "\"aes-cbc-essiv:sha256\""), ("key-size", "32"), ("sector-size", "4096"), (
                    "iv-large-sectors", "true"), ("discard", "true"), ("same-cpu-crypt", "true"),
            ("submit-from-crypt-cpus", "true"), ("no-read-workqueue", "true"), ("no-write-workqueue", "true"));
        machine.Succeed("sealdisk up");
        var table = machine.Succeed("dmsetup table --showkeys data");
        Assert.EndsWith(
            "2048 7 allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue "
            + "sector_size:4096 iv_large_sectors",
            table, StringComparison.Ordinal);

        // dmsetup loads the very words, with a key of that name where it finds one, and the kernel prints the same.
        machine.Succeed("sealdisk down && keyctl add trusted sealdisk:data 'new 32' @u");
        machine.Succeed($"dmsetup create byhand --table '{table}'");
        Assert.Equal(table, machine.Succeed("dmsetup table --showkeys byhand"));
        machine.Succeed("dmsetup remove byhand");
    }

    [Fact]
    public void Source_auto_is_the_kernel_s_and_a_volume_of_another_source_is_refused()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 32))] });
        Volume.Configure(machine, ("source", "\"auto\""));
        Assert.Contains("source tee, mapping dm", machine.Succeed("sealdisk up"), StringComparison.Ordinal);
        machine.Succeed("sealdisk down");
        Volume.Configure(machine, ("source", "\"tpm\""));
        Volume.ExitsWith(machine, ExitCode.Lacking, "sealdisk up", "source 'tpm' is not this kernel's trust source, which is tee");

        machine.Succeed("sealdisk huk new /tmp/huk");
        Volume.Configure(machine, ("source", "\"soft\""), ("huk", "\"/tmp/huk\""));
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk up", "the configuration says source soft, its record says tee");
    }

    private static void Prepare(Machine machine, string record, string boot = "rw")
    {
        machine.Succeed($"mkdir -p /boot && mount -o {boot} /dev/vdb /boot");
        Volume.Configure(machine, record switch
        {
            "detached" => [("record", "\"/boot/data.record\"")],
            "image" => [("device", "\"/boot/data.img\""), ("size", "\"16MiB\"")],
            _ => [],
        });
    }
}
