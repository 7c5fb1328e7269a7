using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sealdisk.Audit.Device;

namespace Sealdisk.Audit.Reports;

/// <summary>
/// An audit as SARIF 2.1.0 (OASIS), as code-scanning services read it. An unknown result is of kind "open", never "pass"; an accepted
/// finding is a suppressed one.
/// </summary>
public static class AuditSarif
{
    /// <summary>UTF-8, indented, with a line feed at the end.</summary>
    public static byte[] Write(AuditResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("$schema"u8, "https://json.schemastore.org/sarif-2.1.0.json");
            json.WriteString("version"u8, "2.1.0");
            json.WriteStartArray("runs"u8);
            json.WriteStartObject();
            WriteTool(json);
            json.WriteStartObject("originalUriBaseIds"u8);
            json.WriteStartObject("ROOT"u8);
            WriteText(json, "description"u8, "The root of the audited system.");
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("results"u8);
            foreach (var finding in result.Findings)
                WriteResult(json, finding);
            json.WriteEndArray();
            json.WriteString("columnKind"u8, "utf16CodeUnits");
            json.WriteStartObject("properties"u8);
            json.WriteString("answer"u8, result.Answer);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteTool(Utf8JsonWriter json)
    {
        json.WriteStartObject("tool"u8);
        json.WriteStartObject("driver"u8);
        json.WriteString("name"u8, "sealdisk");
        json.WriteString("version"u8, ProductVersion.Text);
        json.WriteStartArray("rules"u8);
        foreach (var check in Checks.All)
            WriteRule(json, check);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteRule(Utf8JsonWriter json, Check check)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, check.Id);
        WriteText(json, "shortDescription"u8, check.Title + ".");
        WriteText(json, "fullDescription"u8, check.Attack);
        json.WriteStartObject("help"u8);
        json.WriteString("text"u8, $"{check.Remedy} See docs/audit/{check.Id}.md.");
        json.WriteString("markdown"u8, $"{check.Remedy} See [docs/audit/{check.Id}.md](docs/audit/{check.Id}.md).");
        json.WriteEndObject();
        json.WriteStartObject("defaultConfiguration"u8);
        json.WriteString("level"u8, Level(check.Severity));
        json.WriteEndObject();
        json.WriteStartObject("properties"u8);
        json.WriteString("security-severity"u8, Score(check.Severity));
        json.WriteStartArray("tags"u8);
        json.WriteStringValue("security");
        json.WriteStringValue(check.Group.Word());
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, Finding finding)
    {
        json.WriteStartObject();
        json.WriteString("ruleId"u8, finding.Check.Id);
        json.WriteNumber("ruleIndex"u8, RuleIndex(finding.Check));
        json.WriteString("kind"u8, finding.Status switch
        {
            FindingStatus.Fails => "fail",
            FindingStatus.Unknown => "open",
            FindingStatus.Holds => "pass",
            _ => "notApplicable",
        });
        json.WriteString("level"u8, finding.Status == FindingStatus.Fails ? Level(finding.Severity) : "none");
        WriteText(json, "message"u8, $"{(finding.Subject is { } subject ? subject + ": " : "")}{finding.Text}");
        json.WriteStartArray("locations"u8);
        foreach (var evidence in finding.Evidence)
            WriteLocation(json, evidence);
        json.WriteEndArray();
        json.WriteStartObject("partialFingerprints"u8);
        json.WriteString("check/v1"u8, $"{finding.Check.Id}/{finding.Subject}");
        json.WriteEndObject();
        if (finding.Accepted is { } accepted)
        {
            json.WriteStartArray("suppressions"u8);
            json.WriteStartObject();
            json.WriteString("kind"u8, "external");
            json.WriteString("justification"u8, $"{accepted.Reason} (until {AuditJson.Day(accepted.Until)})");
            json.WriteEndObject();
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <summary>A file below the root, or the name of something that is not a file.</summary>
    private static void WriteLocation(Utf8JsonWriter json, Evidence evidence)
    {
        json.WriteStartObject();
        if (evidence.Path.StartsWith('/'))
        {
            json.WriteStartObject("physicalLocation"u8);
            json.WriteStartObject("artifactLocation"u8);
            json.WriteString("uri"u8, RelativeReference(evidence.Path[1..]));
            json.WriteString("uriBaseId"u8, "ROOT");
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartArray("logicalLocations"u8);
            json.WriteStartObject();
            json.WriteString("name"u8, evidence.Path);
            json.WriteEndObject();
            json.WriteEndArray();
        }
        WriteText(json, "message"u8, evidence.What);
        json.WriteEndObject();
    }

    /// <summary>All bytes but unreserved ones (RFC 3986) and slashes are percent-encoded.</summary>
    private static string RelativeReference(string path)
    {
        var reference = new StringBuilder();
        foreach (var octet in Encoding.UTF8.GetBytes(path))
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || "/-._~".Contains((char)octet, StringComparison.Ordinal))
                reference.Append((char)octet);
            else
                reference.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
        }
        return reference.ToString();
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string text)
    {
        json.WriteStartObject(name);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private static int RuleIndex(Check check)
    {
        for (var i = 0; i < Checks.All.Count; i++)
        {
            if (Checks.All[i].Id == check.Id)
                return i;
        }
        return -1;
    }

    private static string Level(Severity severity) => severity switch
    {
        Severity.Critical or Severity.High => "error",
        Severity.Medium => "warning",
        _ => "note",
    };

    /// <summary>On the scale from 0 to 10 that code-scanning services sort by.</summary>
    private static string Score(Severity severity) => severity switch
    {
        Severity.Critical => "9.5",
        Severity.High => "8.0",
        Severity.Medium => "5.5",
        Severity.Low => "3.0",
        _ => "0.0",
    };
}
