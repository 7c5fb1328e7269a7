using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Sealdisk.Audit.Device;

namespace Sealdisk.Audit.Reports;

/// <summary>An audit as one JSON object, described in docs/json.md.</summary>
public static class AuditJson
{
    /// <summary>UTF-8, indented, with a line feed at the end.</summary>
    public static byte[] Write(AuditResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("answer"u8, result.Answer);
            json.WriteString("day"u8, Day(result.Day));
            json.WriteString("version"u8, ProductVersion.Text);
            json.WriteStartObject("platform"u8);
            json.WriteString("machine"u8, result.Platform.Machine);
            json.WriteString("family"u8, result.Platform.Family?.Id);
            WriteStrings(json, "compatible"u8, result.Platform.Compatible);
            json.WriteEndObject();
            WriteCounts(json, result);
            json.WriteStartArray("findings"u8);
            foreach (var finding in result.Findings)
                WriteFinding(json, finding);
            json.WriteEndArray();
            WriteStrings(json, "notes"u8, result.Notes);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    internal static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static void WriteCounts(Utf8JsonWriter json, AuditResult result)
    {
        json.WriteStartObject("counts"u8);
        for (var severity = Severity.Critical; severity >= Severity.Info; severity--)
            json.WriteNumber(severity.Word(), result.CountOpen(severity));
        json.WriteNumber("accepted"u8, result.Accepted);
        json.WriteNumber("unknown"u8, result.Count(FindingStatus.Unknown));
        json.WriteNumber("holds"u8, result.Count(FindingStatus.Holds));
        json.WriteNumber("not_applicable"u8, result.Count(FindingStatus.NotApplicable));
        json.WriteEndObject();
    }

    private static void WriteFinding(Utf8JsonWriter json, Finding finding)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, finding.Check.Id);
        json.WriteString("group"u8, finding.Check.Group.Word());
        json.WriteString("severity"u8, finding.Severity.Word());
        json.WriteString("status"u8, finding.Status.Word());
        json.WriteString("subject"u8, finding.Subject);
        json.WriteString("title"u8, finding.Check.Title);
        json.WriteString("text"u8, finding.Text);
        json.WriteStartArray("evidence"u8);
        foreach (var evidence in finding.Evidence)
        {
            json.WriteStartObject();
            json.WriteString("path"u8, evidence.Path);
            json.WriteString("what"u8, evidence.What);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("attack"u8, finding.Check.Attack);
        json.WriteString("remedy"u8, finding.Check.Remedy);
        json.WriteString("reference"u8, $"docs/audit/{finding.Check.Id}.md");
        if (finding.Accepted is { } accepted)
        {
            json.WriteStartObject("accepted"u8);
            json.WriteString("reason"u8, accepted.Reason);
            json.WriteString("until"u8, Day(accepted.Until));
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("accepted"u8);
        }
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> strings)
    {
        json.WriteStartArray(name);
        foreach (var text in strings)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
