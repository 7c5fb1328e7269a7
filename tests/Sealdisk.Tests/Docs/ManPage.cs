using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Docs;

/// <summary>A manual page as plain text: what a reader sees of packaging/man, line by line of the source.</summary>
internal sealed partial class ManPage
{
    public ManPage(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Golden.Root, "packaging", "man", name));
        Text = string.Join('\n', lines.Select(Plain));
        var tags = lines.Zip(lines.Skip(1)).Where(pair => pair.First is ".TP" or ".TQ").Select(pair => pair.Second);
        Headings = [.. tags.Select(tag => Plain(tag).Replace(",", ""))];
    }

    public string Text { get; }

    /// <summary>What stands in it between spaces and punctuation; an option is one word.</summary>
    public IReadOnlySet<string> Words => WordsOf().Matches(Text).Select(word => word.Value).ToHashSet(StringComparer.Ordinal);

    /// <summary>The tags of its lists: what each paragraph is about.</summary>
    public IReadOnlyList<string> Headings { get; }

    private static string Plain(string line)
    {
        if (!line.StartsWith('.'))
            return Unescaped(line);
        var macro = line.Split(' ')[0];
        var arguments = Arguments().Matches(line[macro.Length..]).Select(word => Unescaped(word.Value.Trim('"')));
        // .B and .I set their arguments apart; .BR, .BI and the like do not.
        return string.Join(macro.Length == 2 ? " " : "", arguments);
    }

    private static string Unescaped(string text) =>
        Fonts().Replace(text, "").Replace("\\-", "-").Replace("\\~", " ").Replace("\\(dq", "\"").Replace("\\&", "");

    [GeneratedRegex(@"[\w-]+", RegexOptions.NonBacktracking)]
    private static partial Regex WordsOf();

    [GeneratedRegex(@"\\f[BIRP]", RegexOptions.NonBacktracking)]
    private static partial Regex Fonts();

    [GeneratedRegex("""
        "[^"]*"|[^ "]+
        """, RegexOptions.NonBacktracking)]
    private static partial Regex Arguments();
}
