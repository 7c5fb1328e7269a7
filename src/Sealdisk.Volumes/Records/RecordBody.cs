using System.Text;
using System.Text.Unicode;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// The body of a record: one <c>name=value</c> line per field, all of them, in the order of <see cref="RecordField.All"/>. Text, so that
/// a person with nothing but <c>dd</c> and <c>strings</c> can hand the sealed key to <c>keyctl</c>.
/// </summary>
internal static class RecordBody
{
    /// <summary>Writes the lines; returns their bytes.</summary>
    /// <exception cref="ArgumentException">They do not fit.</exception>
    public static int Write(VolumeRecord record, Span<byte> body)
    {
        var text = string.Concat(RecordField.All.Select(field => $"{field.Name}={field.Write(record)}\n"));
        return Encoding.UTF8.TryGetBytes(text, body, out var written)
            ? written
            : throw new ArgumentException($"cannot write the record: its body is longer than {body.Length} bytes");
    }

    /// <summary>Reads the lines: every field once, in order, each value in its one canonical form. Otherwise the copy is bad.</summary>
    public static CopyReading Read(ReadOnlySpan<byte> body, ulong generation)
    {
        var fields = RecordField.All;
        if (!Utf8.IsValid(body))
            return new CopyReading.Bad("the body is not UTF-8");
        var lines = Encoding.UTF8.GetString(body).Split('\n');
        if (lines.Length != fields.Count + 1 || lines[^1].Length != 0)
            return new CopyReading.Bad($"the body does not have {fields.Count} lines");
        var draft = new RecordDraft();
        for (var i = 0; i < fields.Count; i++)
        {
            var name = fields[i].Name;
            if (!lines[i].StartsWith(name + "=", StringComparison.Ordinal))
                return new CopyReading.Bad($"line {i + 1} of the body is not {name}");
            if (!fields[i].Read(draft, lines[i][(name.Length + 1)..]))
                return Impossible(name);
        }
        var (record, impossible) = draft.Build(generation);
        if (record is null)
            return Impossible(impossible!);
        for (var i = 0; i < fields.Count; i++)
        {
            // A value has one spelling: the one that is written.
            if (!lines[i].AsSpan(fields[i].Name.Length + 1).SequenceEqual(fields[i].Write(record)))
                return Impossible(fields[i].Name);
        }
        return new CopyReading.Valid(record);
    }

    private static CopyReading.Bad Impossible(string field) => new($"{field} has an impossible value");
}
