using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>At boot, <c>up</c> is often there before its disk is.</summary>
public sealed class WaitingTests
{
    private const string Late = "DM_DISABLE_UDEV=1 dmsetup create late --table '0 24576 linear /dev/vda 0'";

    [Fact]
    public void A_device_that_comes_late_is_waited_for_and_used()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 12))] });
        Volume.Configure(machine, ("device", "\"/dev/mapper/late\""));
        Volume.ExitsWith(machine, ExitCode.Failed, "sealdisk up", "/dev/mapper/late does not exist (ENOENT)");

        var up = machine.Start("sealdisk up --wait 60 2>&1");
        up.Expect("data: waiting for /dev/mapper/late (limit 60 s)");
        machine.Succeed(Late);
        var answer = up.Wait();
        Assert.Equal(0, answer.ExitCode);
        Assert.Contains("first boot", answer.Output, StringComparison.Ordinal);
        // What is there is not waited for.
        Assert.DoesNotContain("waiting", machine.Run("sealdisk down && sealdisk up --wait 60").All, StringComparison.Ordinal);
        machine.Succeed("sealdisk down");
    }

    [Fact]
    public void A_device_that_never_comes_is_named_and_the_other_volume_comes_up()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 12))] });
        machine.Put(Volume.Config, System.Text.Encoding.UTF8.GetBytes(
            "[volume.gone]\ndevice = \"/dev/mapper/late\"\nsource = \"tee\"\nmount = \"/gone\"\n" + Volume.Toml()));
        var said = Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk up --wait 1",
            "gone: waiting for /dev/mapper/late (limit 1 s)",
            "cannot bring up gone: waited 1 s for /dev/mapper/late (ENOENT)", "hint: lsblk");
        Assert.Contains("data is up", said, StringComparison.Ordinal);
        machine.Succeed("sealdisk down data");
    }

    [Fact]
    public void A_device_without_a_medium_is_waited_for()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 12))] });
        machine.Succeed("[ -b /dev/loop5 ] || mknod /dev/loop5 b 7 5");
        Volume.Configure(machine, ("device", "\"/dev/loop5\""));
        var up = machine.Start("sealdisk up --wait 60 2>&1");
        up.Expect("data: waiting for the medium of /dev/loop5 (limit 60 s)");
        machine.Succeed("losetup /dev/loop5 /dev/vda");
        Assert.Equal(0, up.Wait().ExitCode);
        machine.Succeed("sealdisk down && losetup -d /dev/loop5");
    }

    [Fact]
    public void A_program_that_has_the_device_is_named_and_waited_for()
    {
        using var work = new Workplace();
        var claim = new Dictionary<string, string>(StringComparer.Ordinal) { ["/usr/bin/claim"] = GuestProgram.Compile(work, "claim") };
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 12))], Files = claim });
        Volume.Configure(machine);
        const string End = "killall claim; while pidof claim >/dev/null; do sleep 0.05; done";
        Claim(machine);
        var said = Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk up --wait 1", "claim (process ",
            "cannot bring up data: waited 1 s for claim (process ", " to let go of /dev/vda (EBUSY)");
        Assert.Contains("data: waiting for claim (process ", said, StringComparison.Ordinal);
        Volume.ExitsWith(machine, ExitCode.Failed, "sealdisk up", "cannot use /dev/vda: claim (process ", " has it open (EBUSY)");

        var up = machine.Start("sealdisk up --wait 60 2>&1");
        up.Expect("data: waiting for claim (process ");
        machine.Succeed(End);
        Assert.Equal(0, up.Wait().ExitCode);
        machine.Succeed("sealdisk down");

        // One who only looks in keeps nobody down, waited for or not.
        Claim(machine);
        up = machine.Start("sealdisk up");
        machine.Succeed(End);
        Assert.Equal(0, up.Wait().ExitCode);
        machine.Succeed("sealdisk down");
    }

    private static void Claim(Machine machine) => machine.Start("claim /dev/vda").Expect("claimed");

    [Fact]
    public void A_record_on_a_filesystem_that_is_not_mounted_yet_is_waited_for()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(
            new BootOptions { Disks = [new FileDisk(work.Disk("volume", 12)), new FileDisk(work.Disk("boot", 4))] });
        machine.Succeed("mkfs.ext4 -q /dev/vdb && mkdir -p /boot && echo '/dev/vdb /boot ext4 defaults 0 2' > /etc/fstab");
        Volume.Configure(machine, ("record", "\"/boot/data.record\""));
        var up = machine.Start("sealdisk up --wait 60 2>&1");
        up.Expect("data: waiting for the filesystem of /boot/data.record (limit 60 s)");
        machine.Succeed("mount /boot");
        Assert.Equal(0, up.Wait().ExitCode);
        machine.Succeed("sealdisk down && umount /boot");
        Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk up --wait 1", "waited 1 s for the filesystem of /boot/data.record (ENOENT)",
            "hint: mount /boot");
        Assert.Equal("", machine.Succeed("ls /boot"));
    }
}
