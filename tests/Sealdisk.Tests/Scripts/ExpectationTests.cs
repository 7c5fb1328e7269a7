namespace Sealdisk.Tests.Scripts;

public sealed class ExpectationTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a\n", "a")]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("\n", "\\")]
    [InlineData("a\n\nb\n", "a|\\|b")]
    [InlineData("a", "a|[no newline]")]
    [InlineData("a\nb\n", "...")]
    [InlineData("", "...")]
    [InlineData("a\nb\nc\n", "a|...")]
    [InlineData("a\nb\nc\n", "...|c")]
    [InlineData("a\nb\nc\nb\n", "...|b")]
    [InlineData("a\nb\nc\n", "a|...|b|...|c")]
    [InlineData("...\n", "\\...")]
    [InlineData("serial 12 of 90\n", "serial [..] of [..]")]
    [InlineData("serial  of \n", "serial [..] of [..]")]
    [InlineData("aXbXc\n", "[..]X[..]X[..]")]
    [InlineData("$ x\n", "\\$ x")]
    [InlineData("\\x\n", "\\\\x")]
    public void Output_matches_its_expectation(string output, string expected) => Assert.True(Matches(output, expected));

    [Theory]
    [InlineData("", "a")]
    [InlineData("a\n", "")]
    [InlineData("a\n", "b")]
    [InlineData("a \n", "a")]
    [InlineData("a", "a")]
    [InlineData("a\n", "a|[no newline]")]
    [InlineData("a\n\n", "a")]
    [InlineData("a\nb\n", "a")]
    [InlineData("b\na\n", "a|b")]
    [InlineData("a\nb\n", "b|...")]
    [InlineData("a\nb\n", "...|a")]
    [InlineData("x\n", "\\...")]
    [InlineData("serial 12\n", "serial [..] of [..]")]
    [InlineData("ab\n", "[..]ab[..]b")]
    [InlineData("ab\n", "ab[..]ab")]
    [InlineData("xab\n", "a[..]b")]
    [InlineData("abx\n", "a[..]b")]
    public void Output_that_differs_does_not_match(string output, string expected) => Assert.False(Matches(output, expected));

    [Theory]
    [InlineData("a|b", "a\nc\n", "a|c")]
    [InlineData("serial [..]|b", "serial 7\nc\n", "serial [..]|c")]
    [InlineData("serial [..]", "new\nserial 7\n", "new|serial [..]")]
    [InlineData("x [..]|y [..]", "y 1\nx 2\n", "y [..]|x 2")]
    [InlineData("...|b", "a\nb\n", "...|b")]
    [InlineData("b", "\n$ a\n...\n#\n", "\\|\\$ a|\\...|\\#")]
    [InlineData("b", "", "")]
    public void A_refresh_keeps_what_still_matches(string old, string output, string refreshed)
    {
        var result = Expectation.Refresh(Split(old), Expectation.Lines(output));
        Assert.Equal(Split(refreshed), result);
        Assert.True(Expectation.Matches(result, Expectation.Lines(output)));
    }

    private static bool Matches(string output, string expected) => Expectation.Matches(Split(expected), Expectation.Lines(output));

    private static string[] Split(string lines) => lines.Length == 0 ? [] : lines.Split('|');
}
