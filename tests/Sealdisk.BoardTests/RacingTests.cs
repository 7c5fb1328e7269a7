using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// Two runs at once, and automounters, which mount whatever appears: the first to come has the device, and no data are harmed.
/// </summary>
public sealed class RacingTests
{
    /// <summary>
    /// An 'up' that stops as it opens its device for the second time: it has locked its volume and claimed the device, and is
    /// about to look at it.
    /// </summary>
    private const string LookingUp = "strace -o /tmp/looking -P /dev/vda -e trace=openat -e inject=openat:signal=STOP:when=2 sealdisk up";

    /// <summary>In strace's words, since its tracee is in a tracing stop at each of its system calls, long before this one.</summary>
    private const string UntilItLooks = "until grep -q 'stopped by SIGSTOP' /tmp/looking 2>/dev/null; do sleep 0.05; done";

    /// <summary>An 'up' that stops as it lets go of the key, which is as soon as its mapping is open.</summary>
    private const string StoppingUp = "strace -o /dev/null -e trace=keyctl -e inject=keyctl:signal=STOP:when=1 sealdisk up";

    private static readonly (string, string)[] Replace = [("first-boot", "\"replace\"")];

    [Fact]
    public void Up_and_down_at_once_take_turns()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 4))] });
        Volume.Configure(machine);
        machine.Succeed("sealdisk up && echo whole > /data/file");
        for (var round = 0; round < 6; round++)
        {
            BoardCommand[] atOnce = [machine.Start("sealdisk up"), machine.Start("sealdisk down"), machine.Start("sealdisk up")];
            Assert.All(atOnce.Select(command => command.Wait()).ToArray(), answer => Assert.True(answer.ExitCode == 0, answer.All));
        }
        machine.Succeed("sealdisk up");
        Assert.Equal("whole", machine.Succeed("cat /data/file"));
        machine.Succeed("sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    /// <summary>A lock is no longer than its holder lives; that the lock file stays means nothing.</summary>
    [Fact]
    public void An_up_that_waits_its_turn_goes_on_once_the_other_is_killed()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 4))] });
        Volume.Configure(machine);
        machine.Start(LookingUp);
        machine.Succeed($"{UntilItLooks}; pidof sealdisk > /tmp/first");
        var second = machine.Start("sealdisk up & echo $! > /tmp/second; wait $!");
        machine.Succeed("until ls -l /proc/$(cat /tmp/second)/fd 2>/dev/null | grep -q name-data; do sleep 0.05; done");
        machine.Succeed("kill -9 $(cat /tmp/first)");
        var answer = second.Wait();
        Assert.True(answer.ExitCode == 0, answer.All);
        Assert.Contains("first boot", answer.Error, StringComparison.Ordinal);
        machine.Succeed("sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void A_device_that_up_inspects_cannot_be_mounted()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 4))] });
        Volume.Configure(machine, Replace);
        machine.Succeed("mkfs.ext4 -q /dev/vda");
        var up = machine.Start(LookingUp);
        machine.Succeed(UntilItLooks);
        Assert.Contains("busy", machine.Run("mount /dev/vda /mnt").Error, StringComparison.Ordinal);
        machine.Succeed("kill -CONT $(pidof sealdisk)");
        Assert.Equal(0, up.Wait().ExitCode);
        Assert.Contains("busy", machine.Run("mount /dev/vda /mnt").Error, StringComparison.Ordinal);
        machine.Succeed("sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void Either_the_automounter_has_the_device_or_up_has_it_and_never_both()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 4))] });
        Volume.Configure(machine, Replace);
        machine.Succeed("mkdir /auto");
        for (var round = 0; round < 6; round++)
        {
            machine.Succeed(
                "dd if=/dev/zero of=/dev/vda bs=1M 2>/dev/null; mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt && "
                + "echo whole > /mnt/file && umount /mnt");
            var mounter = machine.Start($"sleep 0.{round}; mount /dev/vda /auto");
            var up = machine.Run("sealdisk up");
            if (mounter.Wait().ExitCode == 0)
            {
                Assert.True(
                    up.ExitCode == (int)ExitCode.Failed && up.All.Contains("it is mounted on /auto (EBUSY)", StringComparison.Ordinal),
                    up.All);
                Assert.Equal("whole", machine.Succeed("cat /auto/file && umount /auto && e2fsck -fn /dev/vda >/dev/null 2>&1"));
            }
            else
            {
                Assert.True(up.ExitCode == 0, up.All);
                machine.Succeed("sealdisk down");
            }
            Volume.AssertNothingOpen(machine);
        }
    }

    [Fact]
    public void A_mapping_that_an_automounter_has_mounted_is_also_mounted_at_its_mount_point()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 4))] });
        Volume.Configure(machine);
        machine.Succeed("mkdir /auto && sealdisk up && echo whole > /data/file && sealdisk down");
        var started = machine.Start($"{StoppingUp}; code=$?; touch /tmp/ended; exit $code");
        machine.Succeed("until mount /dev/mapper/data /auto 2>/dev/null; do sleep 0.05; done");
        machine.Succeed("until [ -e /tmp/ended ]; do kill -CONT $(pidof sealdisk) 2>/dev/null || true; sleep 0.05; done");
        var up = started.Wait();
        Assert.True(up.ExitCode == 0, up.All);
        Assert.Contains("not done: it was mounted on /auto meanwhile", up.Error, StringComparison.Ordinal);
        Assert.Equal("whole", machine.Succeed("cat /data/file"));
        var down = machine.Run("sealdisk down");
        Assert.Contains("unmounted /auto", down.All, StringComparison.Ordinal);
        Volume.AssertNothingOpen(machine);
    }
}
