namespace Sealdisk.Volumes.Configuration;

/// <summary>Finds the word that was meant.</summary>
public static class Spelling
{
    /// <summary><c>: did you mean key-size?</c> if a known word is at most two edits away, else every known word.</summary>
    public static string Hint(string word, IReadOnlyList<string> known)
    {
        var near = known.MinBy(candidate => Distance(word, candidate));
        return near is not null && Distance(word, near) <= Math.Min(2, near.Length / 2)
            ? $": did you mean {near}?"
            : $": the choices are {string.Join(", ", known)}";
    }

    /// <summary>Levenshtein's edit distance.</summary>
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
