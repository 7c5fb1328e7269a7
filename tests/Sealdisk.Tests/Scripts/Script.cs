using System.Globalization;

namespace Sealdisk.Tests.Scripts;

/// <summary>
/// One command of a script and what is expected of it. Line numbers count from 0; the expectation is [FirstLine, EndLine).
/// </summary>
internal sealed record Step(
    string Command, IReadOnlyList<string> Stdout, IReadOnlyList<string> Stderr, int Exit, int CommandLine, int FirstLine, int EndLine);

/// <summary>A file of tests/scripts, parsed. The format is described in tests/scripts/README.md.</summary>
internal sealed record Script(string Name, IReadOnlyList<string> Lines, IReadOnlyList<string> Needs, IReadOnlyList<Step> Steps)
{
    private const string NeedsPrefix = "# needs:";

    /// <summary>What a machine may lack, and how to see whether it does.</summary>
    private static readonly Dictionary<string, (Func<bool> IsThere, string Missing)> KnownNeeds = new(StringComparer.Ordinal)
    {
        ["root"] = (() => Environment.IsPrivilegedProcess, "needs root"),
        ["fuse"] = (() => File.Exists("/dev/fuse"), "needs /dev/fuse"),
        ["loop"] = (() => File.Exists("/dev/loop-control"), "needs /dev/loop-control"),
        ["dm"] = (() => File.Exists("/dev/mapper/control"), "needs /dev/mapper/control"),
    };

    /// <summary>The first thing this machine lacks, or null.</summary>
    public string? MissingNeed =>
        Needs.Where(need => !KnownNeeds[need].IsThere()).Select(need => KnownNeeds[need].Missing).FirstOrDefault();

    /// <exception cref="ScriptException">The text is no script.</exception>
    public static Script Parse(string name, string text)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        if (lines[0] is not ['#', ' ', ..] || lines[0].StartsWith(NeedsPrefix, StringComparison.Ordinal))
            throw new ScriptException(name, 0, "the first line is a comment that says what the script guards");

        List<string> needs = [];
        List<Step> steps = [];
        for (var at = 0; at < lines.Length;)
        {
            if (lines[at].StartsWith("$ ", StringComparison.Ordinal))
            {
                var step = ParseStep(name, lines, at);
                steps.Add(step);
                at = step.EndLine;
                continue;
            }

            if (lines[at].StartsWith(NeedsPrefix, StringComparison.Ordinal))
                needs.AddRange(ParseNeeds(name, at, lines[at][NeedsPrefix.Length..]));
            else if (lines[at] is not ([] or ['#', ..]))
                throw new ScriptException(
                    name,
                    at,
                    "this is neither a command ('$ '), a comment ('#') nor next to a command; an empty line of output is written '\\'");
            at++;
        }

        if (steps.Count == 0)
            throw new ScriptException(name, lines.Length - 1, "there is no command");
        return new Script(name, lines, needs, steps);
    }

    /// <summary>A line of output as it is written in a script.</summary>
    public static string Escape(string line) => line is [] or ['$' or '#' or '!' or '?' or '>' or '\\', ..] or "..." ? "\\" + line : line;

    private static Step ParseStep(string name, string[] lines, int at)
    {
        var commandLine = at;
        var command = lines[at++][2..];
        for (; at < lines.Length && (lines[at] == ">" || lines[at].StartsWith("> ", StringComparison.Ordinal)); at++)
            command += "\n" + (lines[at].Length < 2 ? "" : lines[at][2..]);

        var firstLine = at;
        List<string> stdout = [], stderr = [];
        int? exit = null;
        for (; at < lines.Length && lines[at] is not ([] or ['#', ..] or ['$', ' ', ..]); at++)
        {
            var line = lines[at];
            if (line == "!" || line.StartsWith("! ", StringComparison.Ordinal))
                stderr.Add(line.Length < 2 ? "" : line[2..]);
            else if (exit is null && line is ['?', ' ', .. var status] && byte.TryParse(status, NumberStyles.None, null, out var value))
                exit = value;
            else if (line is ['!' or '?' or '>' or '$', ..])
                throw new ScriptException(
                    name,
                    at,
                    "a line of output that begins with one of $ # ! ? > \\ is written with a '\\' before it; '? N' is said once");
            else
                stdout.Add(line);
        }

        return new Step(command, stdout, stderr, exit ?? 0, commandLine, firstLine, at);
    }

    private static string[] ParseNeeds(string name, int at, string text)
    {
        var needs = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (needs.FirstOrDefault(need => !KnownNeeds.ContainsKey(need)) is { } unknown)
            throw new ScriptException(name, at, $"'{unknown}' is no need that the runner knows ({string.Join(' ', KnownNeeds.Keys)})");
        return needs;
    }
}

/// <summary>A script's text is wrong; the line is shown as editors count, from 1.</summary>
internal sealed class ScriptException(string name, int line, string cause) : FormatException($"tests/scripts/{name}:{line + 1}: {cause}");
