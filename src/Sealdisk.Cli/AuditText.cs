using Sealdisk.Audit.Device;

namespace Sealdisk.Cli;

/// <summary>
/// An audit as text: first the answer, then what fails with attack and remedy, then what is unknown. Coloured only on a terminal.
/// </summary>
internal sealed class AuditText(Terminal terminal)
{
    private static readonly Severity[] WorstFirst = [Severity.Critical, Severity.High, Severity.Medium, Severity.Low, Severity.Info];

    private readonly bool _colour = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb" or "")
        && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    internal void Print(AuditResult result)
    {
        terminal.Result("Is this device really protected?");
        terminal.Result($"  {Paint(result.Answer, Worst(result))}");
        terminal.Result("");
        terminal.Result(Platform(result.Platform));
        terminal.Result(Counts(result));
        PrintUrgent(result, Severity.Critical, "fix first");
        PrintUrgent(result, Severity.High, result.CountOpen(Severity.Critical) > 0 ? "fix next" : "fix first");
        foreach (var note in result.Notes)
            terminal.Result($"note: {note}");
        foreach (var group in Checks.Groups)
            Print(group.Title(), result.Findings.Where(finding => finding.Check.Group == group).ToArray());
        terminal.Result("");
        terminal.Result("'sealdisk audit --explain ID' explains a check; --verbose lists what holds.");
    }

    internal void Explain(Check check)
    {
        terminal.Result($"{check.Id}: {check.Title}");
        terminal.Result($"  severity   {check.Severity.Word()}");
        terminal.Result($"  why        {check.Attack}");
        terminal.Result($"  looks at   {check.Reads}");
        terminal.Result($"  remedy     {check.Remedy}");
        terminal.Result($"  reference  {check.Reference}");
    }

    private void Print(string title, Finding[] findings)
    {
        terminal.Result("");
        terminal.Result(Paint(title, "1"));
        foreach (var finding in findings.Where(finding => finding.IsOpen).OrderByDescending(finding => finding.Severity))
        {
            terminal.Result($"  {Paint($"✗ {finding.Severity.Word()}", Colour(finding.Severity))}  {Phrase(finding)}");
            PrintEvidence(finding);
            terminal.Result($"      why     {finding.Check.Attack}");
            terminal.Result($"      remedy  {finding.Check.Remedy}");
        }
        foreach (var finding in findings.Where(finding => finding.Accepted is not null))
            terminal.Result($"  · accepted until {finding.Accepted!.Until:yyyy-MM-dd}  {Phrase(finding)}: {finding.Accepted.Reason}");
        foreach (var finding in findings.Where(finding => finding.Status == FindingStatus.Unknown))
        {
            terminal.Result($"  {Paint("? unknown", "35")}  {Phrase(finding)}");
            if (terminal.Verbose)
                PrintEvidence(finding);
        }
        if (terminal.Verbose)
            PrintGood(findings.Where(finding => finding.Status is FindingStatus.Holds or FindingStatus.NotApplicable));
        else
            PrintHeld([.. findings.Where(finding => finding.Status == FindingStatus.Holds)]);
    }

    private void PrintGood(IEnumerable<Finding> findings)
    {
        foreach (var finding in findings)
        {
            var status = finding.Status == FindingStatus.Holds ? Paint("✓ holds", "32") : "· does not apply";
            terminal.Result($"  {status}  {Phrase(finding)}");
            PrintEvidence(finding);
        }
    }

    private void PrintHeld(Finding[] held)
    {
        if (held.Length == 0)
            return;
        var ids = held.Select(finding => finding.Check.Id).Distinct(StringComparer.Ordinal);
        terminal.Result($"  {Paint("✓", "32")} {held.Length} hold: {string.Join(", ", ids)}");
    }

    private void PrintEvidence(Finding finding)
    {
        foreach (var evidence in finding.Evidence)
            terminal.Result($"      seen    {Line(evidence.Path)}: {Line(evidence.What)}");
    }

    private void PrintUrgent(AuditResult result, Severity severity, string when)
    {
        var urgent = result.Urgent.Where(finding => finding.Severity == severity).Select(Name).ToArray();
        if (urgent.Length > 0)
            terminal.Result($"{when}: {Paint(string.Join(", ", urgent), Colour(severity))}");
    }

    private static string Phrase(Finding finding) => $"{Name(finding)}: {Line(finding.Text)}";

    private static string Name(Finding finding) => finding.Check.Id + (finding.Subject is { } subject ? $" [{subject}]" : "");

    private static string Platform(Platform platform)
    {
        var family = platform.Family is { } known ? $"; OP-TEE family {known.Id}" : "";
        return $"machine: {Line(platform.Machine ?? "unknown")}{family}";
    }

    private static string Counts(AuditResult result)
    {
        var failing = WorstFirst.Select(severity => (Severity: severity, Count: result.CountOpen(severity))).Where(open => open.Count > 0)
            .Select(open => $"{open.Count} {open.Severity.Word()}").ToArray();
        var counts = new List<string>
        {
            $"failing: {(failing.Length == 0 ? "none" : string.Join(", ", failing))}",
            $"unknown: {result.Count(FindingStatus.Unknown)}",
            $"holding: {result.Count(FindingStatus.Holds)}",
            $"not applicable: {result.Count(FindingStatus.NotApplicable)}",
        };
        if (result.Accepted > 0)
            counts.Add($"accepted: {result.Accepted}");
        return string.Join("; ", counts);
    }

    /// <summary>Text of the audited system, without control characters, for a terminal.</summary>
    private static string Line(string text) =>
        text.Any(char.IsControl) ? new string([.. text.Select(letter => char.IsControl(letter) ? '\uFFFD' : letter)]) : text;

    private static string Worst(AuditResult result) => WorstFirst.FirstOrDefault(severity => result.CountOpen(severity) > 0) switch
    {
        Severity.Critical or Severity.High => "1;31",
        Severity.Medium => "1;33",
        _ => "1",
    };

    private static string Colour(Severity severity) => severity switch
    {
        Severity.Critical => "1;31",
        Severity.High => "31",
        Severity.Medium => "33",
        _ => "36",
    };

    private string Paint(string text, string colour) => _colour ? $"\e[{colour}m{text}\e[0m" : text;
}
