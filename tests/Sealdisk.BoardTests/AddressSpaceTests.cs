using System.Globalization;
using System.Text;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// The key of a tee volume is in the kernel and nowhere else. The board's HUK is known here, so the key in its blob is, and
/// each process can be searched for it at the moment that matters: stopped in the very call that loads the table.
/// </summary>
public sealed class AddressSpaceTests
{
    [Theory]
    [InlineData("up", true)]
    [InlineData("up", false)]
    [InlineData("check", false)]
    public void No_byte_of_the_key_is_in_the_process_that_maps(string verb, bool isFirstBoot)
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16))], Files = Scanner(work) });
        Volume.Configure(machine);
        if (!isFirstBoot)
            machine.Succeed("sealdisk up && sealdisk down");

        // The control path is one thread, so strace follows no other; it stops the process in the call: the kernel has seen the
        // table, the process has not gone on.
        var traced = machine.Start(
            "strace -o /tmp/trace -e trace=ioctl,add_key,keyctl,pwrite64,write -e "
            + $"inject=ioctl:signal=STOP:when={TableLoad(machine, verb)} sealdisk {verb}");
        machine.Succeed(
            "for i in $(seq 300); do grep -q 'SIGSTOP' /tmp/trace 2>/dev/null && break; sleep 0.1; done; "
            + "grep -q 'stopped by SIGSTOP' /tmp/trace");
        var pid = machine.Succeed("pidof sealdisk");
        var blob = machine.Succeed("dd if=/dev/vda bs=4096 count=1 2>/dev/null | grep -a -m1 -o 'sealed-key=[0-9a-f]*' | cut -d= -f2");
        machine.Put("/tmp/key", OpTeeBlob.Open(blob, "huk-default.hex"));

        var scan = machine.Run($"memscan {pid} /tmp/key");
        Assert.Matches("^scanned [0-9]{6,} bytes, 0 found", scan.Output.TrimEnd('\n').Split('\n')[^1]);
        Assert.Equal(0, scan.ExitCode);
        Assert.Contains("DM_TABLE_LOAD", machine.Succeed("cat /tmp/trace"), StringComparison.Ordinal);

        machine.Succeed($"kill -CONT {pid}");
        Assert.Equal(0, traced.Wait().ExitCode);
        var key = Convert.ToHexStringLower(OpTeeBlob.Open(blob, "huk-default.hex"));
        var spoken = machine.Succeed("cat /tmp/trace; dmsetup table --showkeys; cat /proc/keys; dmesg");
        for (var at = 0; at + 32 <= key.Length; at += 32)
            Assert.DoesNotContain(key[at..(at + 32)], spoken, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The scanner finds a key where there is one: in its own memory, and in the shell's that was given it.</summary>
    [Fact]
    public void The_scanner_finds_a_key_that_is_there()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Files = Scanner(work) });
        machine.Put("/tmp/key", Encoding.ASCII.GetBytes("thirty-two bytes of a known key."));
        Assert.Contains(
            "16 bytes of the key found", Volume.ExitsWith(machine, ExitCode.Failed, "memscan 0 /tmp/key"), StringComparison.Ordinal);
        Assert.Contains(
            "16 bytes of the key found", Volume.ExitsWith(machine, ExitCode.Failed, "key=$(cat /tmp/key); memscan $$ /tmp/key"),
            StringComparison.Ordinal);
    }

    /// <summary>Which ioctl of a run loads the table; a rehearsal on another mapping counts the same.</summary>
    private static string TableLoad(Machine machine, string verb)
    {
        machine.Succeed("cp /dev/vda /tmp/rehearsal && cp /etc/sealdisk.toml /tmp/real.toml");
        machine.Succeed(
            $"strace -o /tmp/rehearse -e trace=ioctl sealdisk {verb} && {{ sealdisk down || true; }} && "
            + "cp /tmp/rehearsal /dev/vda && sync");
        var calls = machine.Succeed("grep -E 'ioctl\\(' /tmp/rehearse").Split('\n');
        var index = Array.FindIndex(calls, call => call.Contains("DM_TABLE_LOAD", StringComparison.Ordinal));
        Assert.True(index >= 0, "no DM_TABLE_LOAD in the rehearsal");
        return (index + 1).ToString(CultureInfo.InvariantCulture);
    }

    private static Dictionary<string, string> Scanner(Workplace work) =>
        new(StringComparer.Ordinal) { ["/usr/bin/memscan"] = GuestProgram.Compile(work, "memscan") };
}
