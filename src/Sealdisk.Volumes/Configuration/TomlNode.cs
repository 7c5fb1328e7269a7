using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Sealdisk.Volumes.Configuration;

/// <summary>A value of the file with the place where it begins.</summary>
/// <param name="At">Where it begins.</param>
public abstract record TomlNode(TextPosition At)
{
    /// <summary>What this is, in a message: "a string".</summary>
    public abstract string What { get; }

    /// <summary>Text from the file as it may be shown: quoted, on one line, control characters escaped.</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var letter in text)
        {
            if (letter is '"' or '\\')
                quoted.Append('\\').Append(letter);
            else if (char.IsControl(letter))
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}");
            else
                quoted.Append(letter);
        }

        return quoted.Append('"').ToString();
    }
}

/// <summary>A string.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Value">Its text.</param>
public sealed record TomlString(TextPosition At, string Value) : TomlNode(At)
{
    /// <inheritdoc/>
    public override string What => "a string";
}

internal sealed record TomlInteger(TextPosition At, long Value) : TomlNode(At)
{
    public override string What => "a whole number";
}

internal sealed record TomlBoolean(TextPosition At, bool Value) : TomlNode(At)
{
    public override string What => "true or false";
}

internal sealed record TomlArray(TextPosition At, IReadOnlyList<TomlNode> Items) : TomlNode(At)
{
    public override string What => "a list";
}

/// <summary>Floats, dates and times: TOML has them, no setting takes one.</summary>
internal sealed record TomlOther(TextPosition At, string Kind) : TomlNode(At)
{
    public override string What => Kind;
}

/// <summary>One key of a table.</summary>
/// <param name="Key">The key.</param>
/// <param name="KeyAt">Where the key is.</param>
/// <param name="Node">Its value.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TomlEntry(string Key, TextPosition KeyAt, TomlNode Node);

/// <summary>How a table came to be, which decides what may still be added to it.</summary>
internal enum TomlTableOrigin
{
    /// <summary>Named on the way to another: <c>volume</c> in <c>[volume.data]</c>. A header may still define it.</summary>
    Implied,

    /// <summary>By its own <c>[header]</c>.</summary>
    Header,

    /// <summary>By a dotted key: <c>a.b = 1</c>.</summary>
    Dotted,

    /// <summary><c>{ a = 1 }</c>: complete where it stands.</summary>
    Inline,
}

/// <summary>A table, or an inline table.</summary>
/// <param name="At">Where it begins.</param>
public sealed record TomlTable(TextPosition At) : TomlNode(At)
{
    private readonly List<TomlEntry> _entries = [];

    /// <inheritdoc/>
    public override string What => "a table";

    internal TomlTableOrigin Origin { get; set; }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<TomlEntry> Entries => _entries;

    internal TomlEntry? Find(string key)
    {
        foreach (var entry in _entries)
        {
            if (entry.Key == key)
                return entry;
        }

        return null;
    }

    internal void Add(TomlEntry entry) => _entries.Add(entry);
}
