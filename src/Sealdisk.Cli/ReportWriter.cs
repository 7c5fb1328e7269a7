using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Sealdisk.Cli;

/// <summary>Writes reports as JSON. By hand: the serializer, even with generated code, is larger than the rest of this room.</summary>
internal sealed class ReportWriter
{
    private readonly Utf8JsonWriter _json;

    private ReportWriter(Utf8JsonWriter json) => _json = json;

    /// <summary>One object, indented.</summary>
    internal static string TextOf(IReport report)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
            new ReportWriter(json).Write(report);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    internal ReportWriter Field(string name, string? value)
    {
        _json.WriteString(name, value);
        return this;
    }

    internal ReportWriter Field(string name, bool? value)
    {
        if (value is { } known)
            _json.WriteBoolean(name, known);
        else
            _json.WriteNull(name);
        return this;
    }

    internal ReportWriter Field(string name, long? value)
    {
        if (value is { } known)
            _json.WriteNumber(name, known);
        else
            _json.WriteNull(name);
        return this;
    }

    internal ReportWriter Field(string name, ulong? value)
    {
        if (value is { } known)
            _json.WriteNumber(name, known);
        else
            _json.WriteNull(name);
        return this;
    }

    internal ReportWriter Field(string name, IReport? value)
    {
        _json.WritePropertyName(name);
        Write(value);
        return this;
    }

    internal ReportWriter Field(string name, IReadOnlyList<IReport> values)
    {
        _json.WriteStartArray(name);
        foreach (var value in values)
            Write(value);
        _json.WriteEndArray();
        return this;
    }

    internal ReportWriter Field(string name, IReadOnlyList<string> values)
    {
        _json.WriteStartArray(name);
        foreach (var value in values)
            _json.WriteStringValue(value);
        _json.WriteEndArray();
        return this;
    }

    internal ReportWriter Field(string name, IEnumerable<(string Key, string Value)> values)
    {
        _json.WriteStartObject(name);
        foreach (var (key, value) in values)
            _json.WriteString(key, value);
        _json.WriteEndObject();
        return this;
    }

    private void Write(IReport? value)
    {
        if (value is null)
        {
            _json.WriteNullValue();
            return;
        }
        _json.WriteStartObject();
        value.Write(this);
        _json.WriteEndObject();
    }
}
