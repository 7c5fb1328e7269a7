using System.Globalization;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// A sealdisk that is killed leaves mappings, loop devices and lock files as they were; the next one clears them away, and
/// nothing is lost or left.
/// </summary>
public sealed class KilledTests(ITestOutputHelper output)
{
    private const string State = "dmsetup ls | grep '^data'; losetup -a; grep sealdisk: /proc/keys; true";

    /// <summary>
    /// The calls on what outlives a process. strace kills it in the call: the kernel has carried it out, or not begun, as it
    /// comes.
    /// </summary>
    private static readonly Dictionary<string, string> Calls = new(StringComparer.Ordinal)
    {
        ["dm"] = "-P /dev/mapper/control -e trace=ioctl -e inject=ioctl",
        ["loop"] = "-P /dev/loop-control -P /dev/loop0 -e trace=ioctl -e inject=ioctl",
        ["key"] = "-e trace=add_key -e inject=add_key",
        ["keyring"] = "-e trace=keyctl -e inject=keyctl",
        ["node"] = "-e trace=mknodat -e inject=mknodat",
        ["mount"] = "-e trace=mount -e inject=mount",
        ["unmount"] = "-e trace=umount2 -e inject=umount2",
    };

    [Theory]
    [InlineData("up", "/dev/vda", true, "dm key keyring node mount")]
    [InlineData("up", "/boot/data.img", false, "dm loop mount")]
    [InlineData("down", "/boot/data.img", false, "dm unmount")]
    public void After_a_kill_at_any_call_the_next_run_finishes_and_leaves_nothing(
        string verb, string device, bool isFirstBoot, string calls)
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions
        {
            Disks = [new FileDisk(work.Disk("volume", 4)), new FileDisk(work.Disk("boot", 24))],
            TimeLimit = TimeSpan.FromMinutes(30),
        });
        machine.Succeed("mkfs.ext4 -q /dev/vdb && mkdir -p /boot && mount /dev/vdb /boot");
        Volume.Configure(machine, device == "/dev/vda" ? [] : [("device", $"\"{device}\""), ("size", "\"4MiB\"")]);
        if (!isFirstBoot)
            machine.Succeed("sealdisk up && echo whole > /data/file && sealdisk down");

        var left = new List<string>();
        foreach (var call in calls.Split(' '))
        {
            // Most calls on the device-mapper only ask; the next but one or two finds the same.
            for (var at = 1; Kill(machine, verb, $"{Calls[call]}:signal=KILL:when={at}", isFirstBoot) is { } remains; at += 3)
                left.Add(remains);
        }
        var open = left.Count(remains => remains.Length > 0);
        output.WriteLine($"{verb} of {device}: killed {left.Count} times, {open} times with something left open");
        Assert.True(left.Count > calls.Split(' ').Length, $"killed {left.Count} times only");
        Assert.Contains(left, remains => remains.Contains("data", StringComparison.Ordinal));
    }

    /// <summary>What was left open; null where the call never came and it ran to its end.</summary>
    private static string? Kill(Machine machine, string verb, string where, bool isFirstBoot)
    {
        if (isFirstBoot)
            machine.Succeed("dd if=/dev/zero of=/dev/vda bs=1M 2>/dev/null; sync");
        if (verb == "down")
            machine.Succeed("sealdisk up");
        var traced = machine.Run($"strace -qq -o /dev/null {where} sealdisk {verb}");
        if (traced.ExitCode == 0)
        {
            machine.Succeed("sealdisk down");
            return null;
        }
        Assert.True(traced.ExitCode == 137, $"{where}: {traced.ExitCode} {traced.All}");
        // One command, since each costs more than its work.
        var isWhole = isFirstBoot ? "true" : "grep -q whole /data/file";
        var answer = machine.Run(
            $"{State}; echo '== then'; sealdisk up && {isWhole} && sealdisk down && echo '== last' && {State}");
        var parts = answer.Output.Split("== ");
        Assert.True(answer.ExitCode == 0 && parts[^1] == "last\n", $"{where}: {answer.All}");
        return parts[0];
    }

    [Fact]
    public void After_a_kill_at_a_random_instant_up_succeeds_and_leaves_nothing()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("boot", 24))] });
        machine.Succeed("mkfs.ext4 -q /dev/vda && mkdir -p /boot && mount /dev/vda /boot");
        Volume.Configure(machine, ("device", "\"/boot/data.img\""), ("size", "\"4MiB\""));
        var random = new Random(11);
        for (var round = 0; round < 8; round++)
        {
            var instant = string.Create(CultureInfo.InvariantCulture, $"0.{random.Next(100):00}");
            machine.Run($"sealdisk up & sleep {instant}; kill -9 $!; wait");
            var up = machine.Run("sealdisk up");
            Assert.True(up.ExitCode == 0, $"killed after {instant} s: {up.All}");
            machine.Succeed("sealdisk down");
            Assert.Equal("", machine.Succeed(State));
        }
    }
}
