namespace Sealdisk.Tests.Scripts;

public sealed class ScriptParserTests
{
    [Fact]
    public void A_script_is_read_block_by_block()
    {
        var script = Script.Parse("a.txt", """
            # guards the parser
            # needs: root loop

            $ cat <<END
            > one
            >
            > END
            one
            \
            \$ literal
            ! oops
            !
            ? 4
            # a comment between blocks
            $ true
            $ false
            ? 1

            """);
        Assert.Equal(["root", "loop"], script.Needs);
        Assert.Equal(3, script.Steps.Count);
        var step = script.Steps[0];
        Assert.Equal("cat <<END\none\n\nEND", step.Command);
        Assert.Equal(["one", "\\", "\\$ literal"], step.Stdout);
        Assert.Equal(["oops", ""], step.Stderr);
        Assert.Equal((4, 3, 7, 13), (step.Exit, step.CommandLine, step.FirstLine, step.EndLine));
        Assert.Equal(("true", 0), (script.Steps[1].Command, script.Steps[1].Exit));
        Assert.Equal(("false", 1), (script.Steps[2].Command, script.Steps[2].Exit));
    }

    [Theory]
    [InlineData("", 1, "the first line is a comment")]
    [InlineData("$ true", 1, "the first line is a comment")]
    [InlineData("# needs: root\n$ true", 1, "the first line is a comment")]
    [InlineData("# guards nothing", 1, "there is no command")]
    [InlineData("# guards\nstray\n$ true", 2, "neither a command")]
    [InlineData("# guards\n$ echo\n\nlost", 4, "neither a command")]
    [InlineData("# guards\n$ echo\n# comment\nlost", 4, "neither a command")]
    [InlineData("# guards\n# needs: luck\n$ true", 2, "'luck' is no need that the runner knows (root fuse loop dm)")]
    [InlineData("# guards\n$ true\n? 1\n? 2", 4, "a line of output that begins")]
    [InlineData("# guards\n$ true\n? 256", 3, "a line of output that begins")]
    [InlineData("# guards\n$ true\n?1", 3, "a line of output that begins")]
    [InlineData("# guards\n$ true\n!oops", 3, "a line of output that begins")]
    [InlineData("# guards\n$ true\nout\n> late", 4, "a line of output that begins")]
    public void A_malformed_script_is_refused_with_its_line(string text, int line, string cause)
    {
        var error = Assert.Throws<ScriptException>(() => Script.Parse("a.txt", text));
        Assert.StartsWith($"tests/scripts/a.txt:{line}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(cause, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_need_that_is_met_does_not_skip_the_script()
    {
        Assert.Null(Script.Parse("a.txt", "# guards\n$ true").MissingNeed);
        Assert.Equal(
            Environment.IsPrivilegedProcess ? null : "needs root",
            Script.Parse("a.txt", "# guards\n# needs: root\n$ true").MissingNeed);
    }
}
