using System.Runtime.InteropServices;

namespace Sealdisk.Volumes.Configuration;

/// <summary>One setting as read. A plain struct: a record's members would be in the binary once for each type of value.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct Setting<T>(T value, TextPosition at, bool given, bool valid)
{
    /// <summary>The value, or what stands for its absence.</summary>
    public T Value { get; } = value;

    /// <summary>Where it is; the table if it is absent.</summary>
    public TextPosition At { get; } = at;

    /// <summary>It is in the file.</summary>
    public bool Given { get; init; } = given;

    /// <summary>False after a report; rules over several settings then keep quiet.</summary>
    public bool Valid { get; init; } = valid;
}

/// <summary>
/// Reads the settings of one table, each by its type, and reports what is wrong where it stands. A key that was never
/// asked for is an error: see <see cref="RefuseUnknown"/>.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="name">The table in messages: <c>[volume.data]</c>.</param>
/// <param name="problems">Where problems are reported.</param>
public sealed class TableReader(TomlTable table, string name, Problems problems)
{
    private readonly List<string> _known = [];

    /// <summary>Reads a value: what it is, or a problem as the end of a sentence that begins with the key.</summary>
    public delegate (T? Value, string? Problem) Parser<T>(TomlNode node);

    /// <summary>A setting that may be absent.</summary>
    public Setting<T> Read<T>(string key, T absent, Parser<T> parser)
    {
        _known.Add(key);
        if (table.Find(key) is not { } entry)
            return new Setting<T>(absent, table.At, given: false, valid: true);
        var (value, problem) = parser(entry.Node);
        if (problem is null)
            return new Setting<T>(value!, entry.Node.At, given: true, valid: true);
        problems.Report(entry.Node.At, $"{key} {problem}");
        return new Setting<T>(absent, entry.Node.At, given: true, valid: false);
    }

    /// <summary>A setting that must be there; its absence is reported at the table.</summary>
    public Setting<T> Require<T>(string key, T absent, string example, Parser<T> parser)
    {
        var setting = Read(key, absent, parser);
        if (setting.Given)
            return setting;
        problems.Report(table.At, $"{name} needs {key}, such as {key} = {example}");
        return setting with { Valid = false };
    }

    /// <summary>A list that may be absent, without repetitions; a problem is reported at the entry that has it.</summary>
    public Setting<IReadOnlyList<string>> ReadList(string key, string example, Parser<string> parser)
    {
        var array = Read<TomlArray>(key, new TomlArray(table.At, []), node =>
            node is TomlArray list ? (list, null) : (null, $"must be a list of strings such as {example}, not {node.What}"));
        var earlier = problems.Count;
        var values = new List<string>();
        foreach (var item in array.Value.Items)
        {
            var (value, problem) = parser(item);
            if (problem is null && values.Contains(value!, StringComparer.Ordinal))
                problem = $"{TomlNode.Quote(value!)} is given twice";
            if (problem is not null)
                problems.Report(item.At, $"{key} {problem}");
            else
                values.Add(value!);
        }

        return new Setting<IReadOnlyList<string>>(values, array.At, array.Given, array.Valid && problems.Count == earlier);
    }

    /// <summary>Reports every key that was never read.</summary>
    public void RefuseUnknown()
    {
        foreach (var entry in table.Entries)
        {
            if (!_known.Contains(entry.Key, StringComparer.Ordinal))
                problems.Report(entry.KeyAt, $"unknown key {TomlTree.Name(entry.Key)} in {name}{Spelling.Hint(entry.Key, _known)}");
        }
    }
}
