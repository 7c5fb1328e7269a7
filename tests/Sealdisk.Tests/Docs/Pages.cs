using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Docs;

/// <summary>A document in Markdown.</summary>
/// <param name="Path">Relative to the root of the checkout.</param>
internal sealed record Page(string Path, string Text)
{
    private static readonly Regex Link = new(@"\]\((?<target>[^) ]+)\)", RegexOptions.NonBacktracking);
    private static readonly Regex Code = new("`(?<word>[^`]+)`", RegexOptions.NonBacktracking);

    /// <summary>The documents that belong to the project, built and downloaded ones left out.</summary>
    public static IReadOnlyList<Page> All { get; } =
    [
        .. Directory.GetFiles(Golden.Root, "*.md").Concat(new[] { "docs", "tests", "board", "packaging" }.SelectMany(FilesOf))
            .Select(file => System.IO.Path.GetRelativePath(Golden.Root, file)).Order(StringComparer.Ordinal).Select(Named),
    ];

    /// <summary>The page of that path.</summary>
    public static Page Named(string path) => new(path, File.ReadAllText(System.IO.Path.Combine(Golden.Root, path)));

    /// <summary>Lines outside code blocks, with their numbers from 1.</summary>
    public IEnumerable<(int Number, string Line)> Lines()
    {
        var inFence = false;
        foreach (var (index, line) in Text.Split('\n').Index())
        {
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
                inFence = !inFence;
            else if (!inFence && !line.StartsWith("    ", StringComparison.Ordinal))
                yield return (index + 1, line);
        }
    }

    /// <summary>Targets of links and pictures, as written.</summary>
    public IEnumerable<(int Number, string Target)> Links() => Lines().SelectMany(line =>
        Link.Matches(Code.Replace(line.Line, "")).Select(match => (line.Number, match.Groups["target"].Value)));

    /// <summary>The names by which links reach its headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors() => Lines().Where(line => line.Line.StartsWith('#')).Select(line => string
        .Concat(line.Line.TrimStart('#').Trim().ToLowerInvariant().Where(IsKept)).Replace(' ', '-'));

    /// <summary>The first cells of all rows of its tables that hold nothing but words in code style: those words.</summary>
    public IEnumerable<string> WordsOfTable(string heading)
    {
        var section = Text[Text.IndexOf($"\n{heading}\n", StringComparison.Ordinal)..][(heading.Length + 2)..];
        var next = section.IndexOf("\n#", StringComparison.Ordinal);
        return (next < 0 ? section : section[..next]).Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Code.Matches(line.Split('|')[1]).Select(match => match.Groups["word"].Value));
    }

    private static bool IsKept(char letter) => char.IsLetterOrDigit(letter) || letter is '-' or '_' or ' ';

    private static IEnumerable<string> FilesOf(string folder) => Directory
        .GetFiles(System.IO.Path.Combine(Golden.Root, folder), "*.md", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal));
}
