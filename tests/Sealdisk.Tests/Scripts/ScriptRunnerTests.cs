using System.Diagnostics;

namespace Sealdisk.Tests.Scripts;

public sealed class ScriptRunnerTests
{
    [Fact]
    public void A_script_whose_expectations_are_met_passes()
    {
        var text = """
            # guards the runner
            $ echo out; echo err >&2; exit 3
            out
            ! err
            ? 3
            $ true
            $ echo one > file; pwd

            """.TrimEnd() + "\n[..]/sealdisk-script-[..]\n" + """

            # the directory is kept for the whole file
            $ cat file - <<END
            > two
            > END
            one
            two
            $ ls $GOLDEN | grep HUK
            HUK.hex
            $ printf abc
            abc
            [no newline]

            """;
        var outcome = Run(text);
        Assert.Empty(outcome.Failures);
        Assert.Empty(outcome.LeftBehind);
        Assert.Equal(text, outcome.Refreshed);
    }

    [Theory]
    [InlineData("$ echo a", "a")]
    [InlineData("$ echo a\nb", "a")]
    [InlineData("$ echo a >&2\na", "! a")]
    [InlineData("$ echo a\n! a", "a")]
    [InlineData("$ false", "? 1")]
    [InlineData("$ true\n? 1", "")]
    [InlineData("$ sh -c 'kill -9 $$'", "? 137")]
    public void Stdout_stderr_and_exit_code_are_each_compared(string block, string refreshed)
    {
        var outcome = Run("# guards\n" + block + "\n");
        var failure = Assert.Single(outcome.Failures);
        Assert.StartsWith("tests/scripts/a.txt:2: $ ", failure, StringComparison.Ordinal);
        var command = block.Split('\n')[0];
        Assert.Equal($"# guards\n{command}\n{refreshed}".TrimEnd('\n') + "\n", outcome.Refreshed);
        Assert.Empty(Run(outcome.Refreshed).Failures);
    }

    [Fact]
    public void A_refresh_changes_only_what_differs()
    {
        var outcome = Run("""
            # guards the refresh

            $ printf '1\n2\n3\n'
            1
            # kept: a comment
            $ pwd; echo 17
            old
            [..]7

            $ echo same
            s[..]e
            $ echo e >&2; exit 2
            gone

            """);
        Assert.Equal(3, outcome.Failures.Count);
        Assert.Equal("""
            # guards the refresh

            $ printf '1\n2\n3\n'
            1
            2
            3
            # kept: a comment
            $ pwd; echo 17
            [..]
            [..]7

            $ echo same
            s[..]e
            $ echo e >&2; exit 2
            ! e
            ? 2

            """, outcome.Refreshed);
    }

    [Fact]
    public void A_program_of_the_given_directory_is_found_first()
    {
        var directory = Directory.CreateTempSubdirectory("sealdisk-bin-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "sealdisk"), "#!/bin/sh\necho this one\n");
            NativeBinary.Run(new ProcessStartInfo("chmod", ["+x", Path.Combine(directory, "sealdisk")]));
            Assert.Empty(ScriptRunner.Run(Script.Parse("a.txt", "# guards\n$ sealdisk\nthis one"), directory).Failures);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_process_left_behind_is_found_and_ended()
    {
        var outcome = Run(
            "# guards\n$ sleep 1000 </dev/null >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do :; done; echo started\nstarted\n",
            TimeSpan.FromMilliseconds(50));
        Assert.Empty(outcome.Failures);
        var left = Assert.Single(outcome.LeftBehind);
        Assert.Matches("^tests/scripts/a.txt left behind: Process [0-9]+: sleep 1000$", left);
        Assert.False(Directory.Exists("/proc/" + left.Split(' ')[4].TrimEnd(':')));
    }

    [Fact]
    public void The_runner_waits_for_a_process_that_is_about_to_end() =>
        Assert.Empty(Run("# guards\n$ sleep 0.2 </dev/null >/dev/null 2>&1 &\n").LeftBehind);

    private static ScriptOutcome Run(string text, TimeSpan? patience = null) =>
        ScriptRunner.Run(Script.Parse("a.txt", text), binDirectory: null, patience);
}

/// <summary>The same, for what only root can leave behind.</summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class ScriptRunnerDeviceTests
{
    [Fact]
    public void A_mount_left_behind_is_found_and_removed()
    {
        AssertLeft("$ mkdir m; mount -t tmpfs none m", "Mount");
        Assert.DoesNotContain("sealdisk-script-", File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_device_left_behind_is_found_and_removed() => AssertLeft("$ truncate -s 1M image; losetup -f image", "Loop");

    private static void AssertLeft(string block, string kind)
    {
        var script = Script.Parse("a.txt", $"# guards\n# needs: root {(kind == "Loop" ? "loop" : "")}\n{block}\n");
        if (script.MissingNeed is { } missing)
            Assert.Skip(missing);
        var outcome = ScriptRunner.Run(script, binDirectory: null, TimeSpan.FromMilliseconds(50));
        Assert.Empty(outcome.Failures);
        Assert.StartsWith($"tests/scripts/a.txt left behind: {kind} ", Assert.Single(outcome.LeftBehind), StringComparison.Ordinal);
        Assert.Empty(ScriptRunner.Run(Script.Parse("a.txt", "# guards\n$ true"), binDirectory: null).LeftBehind);
    }
}
