namespace Sealdisk.Tests.Scripts;

/// <summary>Compares expected lines with real ones: "[..]" is any text within a line, a line "..." is any number of lines.</summary>
internal static class Expectation
{
    private const string AnyText = "[..]";
    private const string AnyLines = "...";

    /// <summary>The line that stands for the missing line feed at the end of an output.</summary>
    private const string NoLineFeed = "[no newline]";

    /// <summary>A program's output as lines.</summary>
    public static string[] Lines(string output)
    {
        if (output.Length == 0)
            return [];
        return output.EndsWith('\n') ? output[..^1].Split('\n') : [.. output.Split('\n'), NoLineFeed];
    }

    public static bool Matches(IReadOnlyList<string> expected, IReadOnlyList<string> real)
    {
        // fits[r]: the expected lines seen so far can stand for exactly the first r real lines.
        var fits = new bool[real.Count + 1];
        fits[0] = true;
        foreach (var line in expected)
        {
            var next = new bool[real.Count + 1];
            for (var r = 0; r <= real.Count; r++)
            {
                next[r] = line == AnyLines
                    ? fits[r] || (r > 0 && next[r - 1])
                    : r > 0 && fits[r - 1] && LineMatches(line, real[r - 1]);
            }

            fits = next;
        }

        return fits[real.Count];
    }

    public static bool LineMatches(string expected, string real)
    {
        var parts = (expected is ['\\', .. var escaped] ? escaped : expected).Split(AnyText);
        if (parts.Length == 1)
            return real == parts[0];
        if (!real.StartsWith(parts[0], StringComparison.Ordinal))
            return false;

        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            at = real.IndexOf(part, at, StringComparison.Ordinal);
            if (at < 0)
                return false;
            at += part.Length;
        }

        return real.Length - at >= parts[^1].Length && real.EndsWith(parts[^1], StringComparison.Ordinal);
    }

    /// <summary>
    /// The real lines as a script would expect them, keeping those old lines with "[..]" that still match, in their order.
    /// </summary>
    public static IReadOnlyList<string> Refresh(IReadOnlyList<string> old, IReadOnlyList<string> real)
    {
        if (Matches(old, real))
            return old;
        var unused = old.Where(line => line.Contains(AnyText, StringComparison.Ordinal)).ToList();
        List<string> refreshed = [];
        foreach (var line in real)
        {
            var kept = unused.FindIndex(pattern => LineMatches(pattern, line));
            refreshed.Add(kept < 0 ? Script.Escape(line) : unused[kept]);
            unused.RemoveRange(0, kept + 1);
        }

        return refreshed;
    }
}
