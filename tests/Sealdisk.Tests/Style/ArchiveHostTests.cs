using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Style;

/// <summary>What the scripts fetch comes from where the machine is configured to fetch things.</summary>
public sealed partial class ArchiveHostTests
{
    // Pages for people, in messages and comments.
    private static readonly string[] Pages = ["dot.net", "github.com"];

    [Fact]
    public void No_script_names_the_host_of_an_archive_or_registry()
    {
        var hosts = SourceFiles.All
            .Where(path => !path.StartsWith("src/", StringComparison.Ordinal))
            .Where(path => !path.StartsWith("tests/Sealdisk", StringComparison.Ordinal))
            .SelectMany(
                path => Url().Matches(string.Join('\n', SourceFiles.Lines(path))),
                (path, url) => (path, host: url.Groups["host"].Value))
            .Where(url => !Pages.Contains(url.host, StringComparer.Ordinal))
            .Where(url => !url.host.StartsWith("www.w3.org", StringComparison.Ordinal));
        Assert.Empty(hosts);
    }

    [GeneratedRegex(@"\b(?:https?|ftp)://(?<host>[\w.-]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Url();
}
