using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>The board as an instrument: what a test reads from it is what happened on it.</summary>
public sealed class MachineTests
{
    private static readonly BootOptions Bare = new() { Sealdisk = false };

    [Fact]
    public void A_command_answers_with_its_exit_code_and_both_outputs()
    {
        using var machine = Machine.Boot(Bare);
        Assert.Equal(new Answer(7, "out\n", "err\n"), machine.Run("echo out; echo err >&2; exit 7"));
        Assert.Equal(new Answer(0, "", ""), machine.Run("true"));
        Assert.Equal(128 + 9, machine.Run("kill -9 $$").ExitCode);
        Assert.Equal(127, machine.Run("no-such-program").ExitCode);
        Assert.Equal("no line feed", machine.Run("printf 'no line feed'").Output);
        Assert.Equal("", machine.Run("cat").Output);
    }

    [Fact]
    public void Output_survives_its_size_and_the_kernel_s_messages()
    {
        using var machine = Machine.Boot(Bare);
        var answer = machine.Run("for i in 1 2 3 4 5; do seq 1 40000; echo \"<0>message $i\" > /dev/kmsg; done");
        Assert.Equal(string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Range(1, 40000).Select(n => $"{n}\n")), 5)), answer.Output);
        Assert.Contains("message 5", machine.KernelLog, StringComparison.Ordinal);
        Assert.Contains("message 5", machine.Console, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_move_both_ways_byte_for_byte()
    {
        using var machine = Machine.Boot(Bare);
        var content = new byte[3_000_001];
        new Random(1).NextBytes(content);
        machine.Put("/tmp/file", content);
        Assert.Equal(content, machine.Get("/tmp/file"));
        machine.Put("/tmp/file", []);
        Assert.Empty(machine.Get("/tmp/file"));
        Assert.Throws<BoardException>(() => machine.Put("/no/such/folder", []));
        Assert.Throws<BoardException>(() => machine.Get("/no/such/file"));
    }

    [Fact]
    public void Commands_run_side_by_side_and_leave_processes_behind()
    {
        using var machine = Machine.Boot(Bare);
        machine.Succeed("mkfifo /tmp/fifo");
        var reader = machine.Start("echo waiting; read line < /tmp/fifo; echo got $line");
        reader.Expect("waiting");
        machine.Succeed("echo word > /tmp/fifo");
        Assert.Equal("waiting\ngot word\n", reader.Wait().Output);

        Assert.Equal(new Answer(0, "left\n", ""), machine.Run("sleep 1000 & echo left"));
        Assert.Equal("sleep", machine.Succeed("cat /proc/$(pidof sleep)/comm"));
        machine.Succeed("kill $(pidof sleep)");
    }

    [Fact]
    public void A_console_shell_takes_typed_commands()
    {
        using var machine = Machine.Boot(Bare with { ConsoleShell = true });
        machine.Expect("board:~# ");
        machine.Type("echo $((6 * 7))\n");
        machine.Expect("\n42");
        machine.Type("exit\n");
        machine.WaitForPowerOff();
        Assert.False(machine.IsUp);
    }

    [Fact]
    public void Files_and_a_folder_of_the_host_are_on_the_board()
    {
        using var work = new Workplace();
        var file = Path.Combine(work.Folder, "file");
        File.WriteAllText(file, "from the host");
        using var machine = Machine.Boot(Bare with
        {
            Share = work.Folder,
            Files = new Dictionary<string, string>(StringComparer.Ordinal) { ["/etc/a folder/file"] = file },
        });
        Assert.Equal("from the host", machine.Succeed("cat '/etc/a folder/file'"));
        Assert.Equal("from the host", machine.Succeed("cat /share/file"));
        machine.Succeed("echo from the board > /share/answer");
        Assert.Equal("from the board\n", File.ReadAllText(Path.Combine(work.Folder, "answer")));
    }

    [Fact]
    public void A_panic_ends_the_board_and_is_shown()
    {
        using var machine = Machine.Boot(Bare);
        var command = machine.Start("echo c > /proc/sysrq-trigger; sleep 1000");
        var problem = Assert.Throws<BoardException>(() => command.Wait());
        Assert.Contains("sysrq triggered crash", problem.Message, StringComparison.Ordinal);
        Assert.Throws<BoardException>(() => machine.Run("true"));
    }

    [Fact]
    public void A_command_that_hangs_ends_at_its_time_limit()
    {
        using var machine = Machine.Boot(Bare with { TimeLimit = TimeSpan.FromSeconds(30) });
        Assert.Throws<BoardException>(() => machine.Run("sleep 1000", TimeSpan.FromMilliseconds(100)));
        Assert.Equal("still here", machine.Succeed("echo still here"));
        var problem = Assert.Throws<BoardException>(() => machine.Run("sleep 1000"));
        Assert.Contains("its time limit", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_command_shows_its_output_and_every_log()
    {
        using var machine = Machine.Boot(Bare);
        var problem = Assert.Throws<BoardException>(() => machine.Succeed("echo this is why >&2; exit 3")).Message;
        Assert.Contains("exit code 3", problem, StringComparison.Ordinal);
        Assert.Contains("this is why", problem, StringComparison.Ordinal);
        Assert.Contains("--- Kernel ---", problem, StringComparison.Ordinal);
        Assert.Contains("OP-TEE version", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Disks_have_their_places_and_keep_what_was_written_when_power_fails()
    {
        using var work = new Workplace();
        string first = work.Disk("first", 16), second = work.Disk("second", 8);
        using (var machine = Machine.Boot(Bare with { Disks = [new FileDisk(first), new FileDisk(second)] }))
        {
            Assert.Equal("16777216\n8388608", machine.Succeed("blockdev --getsize64 /dev/vda /dev/vdb"));
            machine.Succeed("echo kept | dd of=/dev/vdb bs=4096 seek=1 conv=sync oflag=direct 2>/dev/null");
            machine.PowerCut();
            Assert.Throws<BoardException>(() => machine.Run("true"));
        }

        using var file = File.OpenRead(second);
        file.Position = 4096;
        var kept = new byte[5];
        file.ReadExactly(kept);
        Assert.Equal("kept\n"u8, kept);
    }

    [Theory]
    [InlineData(SessionKeyring.Login, 0, 0)]
    [InlineData(SessionKeyring.Fresh, 0, 1)]
    [InlineData(SessionKeyring.None, 1, 0)]
    public void The_session_keyring_is_the_one_asked_for(SessionKeyring session, int lost, int unseen)
    {
        using var machine = Machine.Boot(Bare with { Session = session });
        // What one process puts into @s: there for the next one, or gone with it. What is in @u: found by a search from @s, or not.
        machine.Succeed("keyctl add user in-session x @s");
        machine.Succeed("keyctl add user of-user x @u");
        Assert.Equal(lost, machine.Run("keyctl search @s user in-session").ExitCode);
        Assert.Equal(unseen, machine.Run("keyctl search @s user of-user").ExitCode);
    }
}
