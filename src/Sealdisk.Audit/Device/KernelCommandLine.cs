namespace Sealdisk.Audit.Device;

/// <summary>The kernel's command line, /proc/cmdline.</summary>
public sealed class KernelCommandLine
{
    internal const string FilePath = "/proc/cmdline";

    private readonly List<string> _words;

    private KernelCommandLine(bool known, List<string> words)
    {
        IsKnown = known;
        _words = words;
    }

    /// <summary>False if it cannot be read.</summary>
    public bool IsKnown { get; }

    /// <summary>Reads it below a root.</summary>
    public static KernelCommandLine Of(SystemRoot root)
    {
        ArgumentNullException.ThrowIfNull(root);
        var reading = root.Read(FilePath);
        return new KernelCommandLine(reading.Ok, Words(reading.Text));
    }

    /// <summary>The last word NAME or NAME=VALUE, which counts; null if there is none. Dashes and underscores are the same.</summary>
    public string? Find(string name) => _words.LastOrDefault(word => Name(word) == Normal(name));

    /// <summary>The value of the last NAME=VALUE, or null.</summary>
    public string? Value(string name) =>
        Find(name) is { } word && word.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? word[(equals + 1)..] : null;

    /// <summary>A boolean parameter of the kernel: the bare word turns it on.</summary>
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
