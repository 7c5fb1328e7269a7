using Sealdisk.Audit.Reports;

namespace Sealdisk.Audit.Device;

/// <summary>
/// The first sentence of an audit. It says no where there is reason to, and never yes: that a HUK is secret cannot be proven, and what was not looked at
/// is not known.
/// </summary>
internal static class AuditAnswer
{
    private static readonly string[] Pillars = ["closed", "uefi-secure-boot", "module-signatures", "lockdown", "dm-verity"];

    internal static string Of(AuditResult result)
    {
        var open = result.Findings.Where(finding => finding.IsOpen).OrderByDescending(finding => finding.Severity).ToArray();
        var worst = open.Length > 0 ? open[0].Severity : Severity.Info;
        return worst switch
        {
            Severity.Critical => $"No: {Phrase(open[0])}{More(open, Severity.Critical)}.",
            Severity.High => $"Not as it is: {Phrase(open[0])}{More(open, Severity.High)}.",
            Severity.Medium => $"Only in part: {Phrase(open[0])}{More(open, Severity.Medium)}; {Unproven(result)}.",
            _ => $"No serious weakness was found in what could be looked at; {Unproven(result)}.",
        };
    }

    private static string Phrase(Finding finding) => finding.Subject is { } subject ? $"in volume {subject}, {finding.Text}" : finding.Text;

    private static string More(Finding[] open, Severity severity) => open.Count(finding => finding.Severity == severity) - 1 is > 0 and var more
        ? $" (and {more} more {AuditJson.Word(severity)} finding{(more > 1 ? "s" : "")})"
        : "";

    /// <summary>What nobody knows after this audit either.</summary>
    private static string Unproven(AuditResult result)
    {
        var accepted = result.Findings.Count(finding => finding.Accepted is not null);
        var huk = result.Findings.Any(finding => finding.Check.Id == "huk-unknown" && finding.Status == FindingStatus.Unknown) ? "that the HUK is secret is not proven" : null;
        var unknown = result.Findings.Where(finding => finding.Status == FindingStatus.Unknown && Pillars.Contains(finding.Check.Id, StringComparer.Ordinal)).Select(finding => finding.Check.Id).ToArray();
        string?[] parts =
        [
            accepted > 0 ? $"{accepted} finding(s) were accepted by the baseline" : null,
            huk,
            unknown.Length > 0 ? $"not found out: {string.Join(", ", unknown)}" : null,
        ];
        var said = parts.Where(part => part is not null).ToArray();
        return said.Length > 0 ? string.Join("; ", said) : "that is no proof that there is none";
    }
}
