using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Docs;

/// <summary>CONTRIBUTING.md names files that are there, so that you need not search the history for where a thing belongs.</summary>
public sealed partial class ContributingTests
{
    [Fact]
    public void Every_file_that_it_names_is_there()
    {
        var text = File.ReadAllText(Path.Combine(Golden.Root, "CONTRIBUTING.md"));
        var paths = Paths().Matches(text).Select(match => match.Groups["path"].Value).ToList();
        Assert.Contains("src/Sealdisk.Volumes/Keys/TrustSource.cs", paths);
        Assert.DoesNotContain(paths, path => !Path.Exists(Path.Combine(Golden.Root, path)));
    }

    [GeneratedRegex(
        "`(?<path>(?:src|tests|docs|board|bench|packaging)/[^` ]*)`",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Paths();
}
