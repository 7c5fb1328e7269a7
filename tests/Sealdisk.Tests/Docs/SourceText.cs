using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Docs;

/// <summary>What the source itself says, for pages that must name all of it.</summary>
internal static class SourceText
{
    /// <summary>The first group of each match in the files of that name below src, wherever they are.</summary>
    public static IReadOnlyList<string> Words(string files, string pattern)
    {
        var found = Directory.GetFiles(Path.Combine(Golden.Root, "src"), files, SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), pattern, RegexOptions.NonBacktracking))
            .Select(match => match.Groups[1].Value)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(found);
        return found;
    }
}
