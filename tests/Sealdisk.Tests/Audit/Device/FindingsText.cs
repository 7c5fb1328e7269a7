using System.Text;
using Sealdisk.Audit.Device;
using Sealdisk.Audit.Reports;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>
/// An audit as tests/roots/NAME/expected.txt holds it: the answer, the machine, then per finding its status, severity, id, volume and text,
/// with the evidence below it. What is the same in every audit (title, attack, remedy) is in docs/audit, and in the one whole JSON report.
/// </summary>
internal static class FindingsText
{
    /// <summary>The tree whose whole JSON report is kept as well.</summary>
    public const string WholeJson = "raspberrypi-soft";

    public static string Of(AuditResult result)
    {
        var text = new StringBuilder();
        text.Append(result.Answer).Append('\n');
        text.Append($"{result.Platform.Machine ?? "unknown machine"}, family {result.Platform.Family?.Id ?? "none"}\n");
        foreach (var note in result.Notes)
            text.Append("note: ").Append(note).Append('\n');
        foreach (var finding in result.Findings)
            Append(text, finding);
        return text.ToString();
    }

    /// <summary>The JSON report, with the version of this build taken out.</summary>
    public static string Json(AuditResult result)
    {
        var version = $"\"version\": \"{ProductVersion.Text}\"";
        return Encoding.UTF8.GetString(AuditJson.Write(result)).Replace(version, "\"version\": \"VERSION\"", StringComparison.Ordinal);
    }

    private static void Append(StringBuilder text, Finding finding)
    {
        var subject = finding.Subject is { } volume ? $" [{volume}]" : "";
        text.Append($"{finding.Status.Word()} {finding.Severity.Word()} {finding.Check.Id}{subject}: {finding.Text}\n");
        foreach (var evidence in finding.Evidence)
            text.Append($"    {evidence.Path}: {evidence.What}\n");
    }
}
