namespace Sealdisk.Audit.Device;

/// <summary>
/// The first sentence of an audit. It says no if there is a reason to, and never yes: it cannot be proven that a HUK is secret,
/// and nothing is known about what was not looked at.
/// </summary>
internal static class AuditAnswer
{
    internal static string Of(AuditResult result)
    {
        var open = result.Findings.Where(finding => finding.IsOpen).OrderByDescending(finding => finding.Severity).ToArray();
        if (open.Length == 0 || open[0].Severity < Severity.Medium)
            return $"No serious weakness found in what could be checked; {Unproven(result)}.";
        var worst = $"{Phrase(open[0])}{More(open)}";
        return open[0].Severity switch
        {
            Severity.Critical => $"No: {worst}.",
            Severity.High => $"Not as it stands: {worst}.",
            _ => $"Only in part: {worst}; {Unproven(result)}.",
        };
    }

    private static string Phrase(Finding finding) => finding.Subject is { } subject ? $"in volume {subject}, {finding.Text}" : finding.Text;

    /// <summary>How many more are as bad as the first.</summary>
    private static string More(Finding[] open)
    {
        var more = open.Count(finding => finding.Severity == open[0].Severity) - 1;
        return more > 0 ? $" (and {more} more {open[0].Severity.Word()} finding{(more > 1 ? "s" : "")})" : "";
    }

    /// <summary>What this audit leaves open.</summary>
    private static string Unproven(AuditResult result)
    {
        var said = new List<string>();
        if (result.Accepted > 0)
            said.Add($"the baseline accepts {result.Accepted} finding{(result.Accepted > 1 ? "s" : "")}");
        var unknown = result.Findings.Where(finding => finding.Status == FindingStatus.Unknown).ToArray();
        if (unknown.Any(finding => finding.Check.CannotBeConfirmed))
            said.Add("nothing proves that the HUK is secret");
        var pillars = unknown.Where(finding => finding.Check.IsPillar).Select(finding => finding.Check.Id).ToArray();
        if (pillars.Length > 0)
            said.Add($"unknown: {string.Join(", ", pillars)}");
        return said.Count > 0 ? string.Join("; ", said) : "that does not prove that there is none";
    }
}
