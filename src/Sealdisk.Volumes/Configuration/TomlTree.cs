using Tomlyn;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Sealdisk.Volumes.Configuration;

/// <summary>
/// Turns TOML text into nodes that know their place. Tomlyn reads the syntax; the tables are put together here, because
/// binding to a type would skip unknown keys in silence and forget where each value stood.
/// </summary>
public sealed class TomlTree
{
    private readonly Problems _problems;

    private TomlTree(Problems problems) => _problems = problems;

    /// <summary>The whole file as one table.</summary>
    /// <exception cref="ConfigurationException">It is not TOML.</exception>
    public static TomlTable Parse(string text, string path)
    {
        var problems = new Problems(path);
        var root = new TomlTable(new TextPosition(1, 1));
        try
        {
            // Tomlyn 2.10.2 crashes on a text that ends in a backslash within a string; a last line that ends cannot.
            var document = SyntaxParser.Parse(text + "\n", path, validate: false);
            // The first is the cause; the rest is the parser finding its way back.
            if (document.Diagnostics.FirstOrDefault() is { } first)
                problems.Report(At(first.Span.Start), "not TOML: " + Sentence(first.Message));
            else
                new TomlTree(problems).Build(document, root);
        }
        catch (TomlException refused)
        {
            // The one thing that Tomlyn throws for rather than lists: more than 64 lists or tables within each other.
            problems.Report(new TextPosition(refused.Line ?? 1, refused.Column ?? 1), "lists and tables are nested too deeply");
        }

        problems.ThrowIfAny();
        return root;
    }

    private void Build(DocumentSyntax document, TomlTable root)
    {
        foreach (var pair in document.KeyValues)
            AddPair(root, pair);
        foreach (var header in document.Tables)
        {
            if (header is TableArraySyntax)
                _problems.Report(At(header.Span.Start), "no setting is a list of tables: write [NAME], not [[NAME]]");
            else if (header.Name is not null && Open(root, Path(header.Name)) is { } table)
            {
                foreach (var pair in header.Items)
                    AddPair(table, pair);
            }
        }
    }

    /// <summary>The table that a [header] names, made if it is new; null after a report.</summary>
    private TomlTable? Open(TomlTable root, List<(string Key, TextPosition At)> path)
    {
        var table = root;
        for (var i = 0; i < path.Count; i++)
        {
            var (key, at) = path[i];
            var last = i == path.Count - 1;
            if (table.Find(key) is not { } known)
            {
                var made = new TomlTable(at) { Origin = last ? TomlTableOrigin.Header : TomlTableOrigin.Implied };
                table.Add(new TomlEntry(key, at, made));
                table = made;
            }
            else if (known.Node is TomlTable { Origin: not TomlTableOrigin.Inline } found
                && (!last || found.Origin == TomlTableOrigin.Implied))
            {
                if (last)
                    found.Origin = TomlTableOrigin.Header;
                table = found;
            }
            else
            {
                ReportTwice(at, known);
                return null;
            }
        }

        return table;
    }

    private void AddPair(TomlTable table, KeyValueSyntax pair)
    {
        var path = Path(pair.Key!);
        foreach (var (key, at) in path.SkipLast(1))
        {
            if (table.Find(key) is not { } known)
            {
                var made = new TomlTable(at) { Origin = TomlTableOrigin.Dotted };
                table.Add(new TomlEntry(key, at, made));
                table = made;
            }
            else if (known.Node is TomlTable { Origin: TomlTableOrigin.Dotted } found)
            {
                table = found;
            }
            else
            {
                ReportTwice(at, known);
                return;
            }
        }

        var (name, nameAt) = path[^1];
        if (table.Find(name) is { } earlier)
            ReportTwice(nameAt, earlier);
        else
            table.Add(new TomlEntry(name, nameAt, Node(pair.Value!)));
    }

    private void ReportTwice(TextPosition at, TomlEntry earlier) =>
        _problems.Report(at, $"{Name(earlier.Key)} is already given on line {earlier.KeyAt.Line}");

    private TomlNode Node(ValueSyntax value)
    {
        var at = At(value.Span.Start);
        switch (value)
        {
            case StringValueSyntax text:
                return new TomlString(at, text.Value ?? "");
            case IntegerValueSyntax number:
                return new TomlInteger(at, number.Value);
            case BooleanValueSyntax flag:
                return new TomlBoolean(at, flag.Value);
            case ArraySyntax array:
                return new TomlArray(at, [.. array.Items.Select(item => Node(item.Value!))]);
            case InlineTableSyntax inline:
                var table = new TomlTable(at) { Origin = TomlTableOrigin.Inline };
                foreach (var item in inline.Items)
                    AddPair(table, item.KeyValue!);
                return table;
            default:
                return new TomlOther(at, value is FloatValueSyntax ? "a number with a fraction" : "a date or time");
        }
    }

    private static List<(string Key, TextPosition At)> Path(KeySyntax key)
    {
        var path = new List<(string, TextPosition)> { Segment(key.Key!) };
        foreach (var dotted in key.DotKeys)
            path.Add(Segment(dotted.Key!));
        return path;
    }

    private static (string Key, TextPosition At) Segment(BareKeyOrStringValueSyntax key) =>
        (key is StringValueSyntax quoted ? quoted.Value ?? "" : ((BareKeySyntax)key).Key!.Text!, At(key.Span.Start));

    /// <summary>A key as it is written in a message: quoted if TOML would need the quotes.</summary>
    public static string Name(string key) => BareKeySyntax.IsBareKey(key) ? key : TomlNode.Quote(key);

    private static TextPosition At(Tomlyn.Syntax.TextPosition position) => new(position.Line + 1, position.Column + 1);

    private static string Sentence(string message) =>
        message.Length == 0 ? "unreadable" : char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.', '\n');
}
