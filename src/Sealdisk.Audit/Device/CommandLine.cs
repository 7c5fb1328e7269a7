namespace Sealdisk.Audit.Device;

/// <summary>The kernel's command line, /proc/cmdline.</summary>
internal sealed class CommandLine
{
    internal const string FilePath = "/proc/cmdline";

    private readonly List<string> _words;

    private CommandLine(bool known, List<string> words)
    {
        IsKnown = known;
        _words = words;
    }

    internal bool IsKnown { get; }

    internal static CommandLine Of(SystemRoot root)
    {
        var reading = root.Read(FilePath);
        return new CommandLine(reading.Ok, Words(reading.Text));
    }

    /// <summary>The word NAME or NAME=VALUE that counts, the last one; null where there is none. Dashes and underscores are the same.</summary>
    internal string? Find(string name) => _words.LastOrDefault(word => Name(word) == Normal(name));

    /// <summary>The value of the last NAME=VALUE, or null.</summary>
    internal string? Value(string name) => Find(name) is { } word && word.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? word[(equals + 1)..] : null;

    /// <summary>A bool of the kernel's: the bare word is yes.</summary>
    public bool IsOn(string name) =>
        Find(name) is not null && Value(name) is (null or "1" or "y" or "Y" or "t" or "T" or "on" or "ON" or "On");

    private static string Name(string word) => Normal(word.Split('=', 2)[0]);

    private static string Normal(string name) => name.Replace('-', '_');

    /// <summary>Words are separated by spaces, except within double quotes.</summary>
    private static List<string> Words(string text)
    {
        var (words, word, quoted) = (new List<string>(), new System.Text.StringBuilder(), false);
        foreach (var letter in text + " ")
        {
            quoted ^= letter == '"';
            if (!char.IsWhiteSpace(letter) || quoted)
            {
                if (letter != '"')
                    word.Append(letter);
            }
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }
        return words;
    }
}
