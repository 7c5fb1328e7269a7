using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class ChildProcessTests
{
    private const string Shell = "/bin/sh";

    [Fact]
    public void It_gives_its_words_and_its_exit_code()
    {
        using var child = ChildProcess.Start(Shell, ["-c", "read line; echo \"out $line $1\"; echo err >&2; exit 7", "sh", "an argument"]);
        child.Input.Write("in\n"u8);
        var (output, error) = child.ReadToEnd();
        Assert.Equal(("out in an argument\n", "err\n"), (Encoding.UTF8.GetString(output), Encoding.UTF8.GetString(error)));
        Assert.Equal(7, child.Wait());
    }

    /// <summary>Each stream is longer than a pipe holds (64 KiB), and the second is filled before the first one ends.</summary>
    [Fact]
    public void Both_pipes_are_drained()
    {
        const string script = "head -c 200000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 100000 /dev/zero >&2";
        using var child = ChildProcess.Start(Shell, ["-c", script]);
        var (output, error) = child.ReadToEnd();
        Assert.Equal((300000, 300000), (output.Length, error.Length));
        Assert.Equal(0, child.Wait());
    }

    [Fact]
    public void Its_input_ends_when_it_is_closed()
    {
        using var child = ChildProcess.Start(Shell, ["-c", "cat; echo end"]);
        child.Input.Dispose();
        Assert.Equal("end\n"u8, child.ReadToEnd().Output);
        child.Wait();
    }

    [Fact]
    public void A_signal_is_told_as_a_shell_tells_it()
    {
        using var child = ChildProcess.Start(Shell, ["-c", "kill -9 $$"]);
        Assert.Equal(128 + 9, child.Wait());
    }

    [Fact]
    public void What_cannot_be_run_is_named()
    {
        using var folder = new TemporaryDirectory();
        var problem = Assert.Throws<LinuxException>(() => ChildProcess.Start(folder["none"], []));
        Assert.Equal((Errno.ENOENT, $"cannot run {folder["none"]}: No such file or directory (ENOENT)"), (problem.Errno, problem.Message));
    }

    [Fact]
    public void Its_environment_is_ours_and_what_is_said_besides()
    {
        Environment.SetEnvironmentVariable("SEALDISK_TEST_A", "ours");
        Environment.SetEnvironmentVariable("SEALDISK_TEST_B", "ours");
        const string script = "echo $SEALDISK_TEST_A $SEALDISK_TEST_B $SEALDISK_TEST_C";
        using var child = ChildProcess.Start(Shell, ["-c", script], "SEALDISK_TEST_B=theirs", "SEALDISK_TEST_C=new");
        Assert.Equal("ours theirs new\n"u8, child.ReadToEnd().Output);
        child.Wait();
    }

    /// <summary>The runtime ignores SIGPIPE, and what is ignored would stay so behind exec(2).</summary>
    [Fact]
    public void No_signal_is_ignored_or_blocked_and_no_descriptor_comes_along()
    {
        using var open = FileDescriptor.Open("/dev/null", OpenFlags.Read);
        using var child = ChildProcess.Start(Shell, ["-c", $"grep -E '^Sig(Ign|Blk)' /proc/self/status; ls /proc/$$/fd/{open.Number}"]);
        Assert.Equal("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n", Encoding.UTF8.GetString(child.ReadToEnd().Output));
        Assert.Equal(2, child.Wait()); // ls: no such file
    }
}
