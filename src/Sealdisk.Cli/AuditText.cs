using Sealdisk.Audit.Device;
using Sealdisk.Audit.Reports;

namespace Sealdisk.Cli;

/// <summary>An audit as text: first the answer, then what fails with attack and remedy, then what is not known. Coloured only for a person at a terminal.</summary>
internal sealed class AuditText(Terminal terminal)
{
    private static readonly (CheckGroup Group, string Title)[] Groups =
    [
        (CheckGroup.Key, "Hardware key"), (CheckGroup.Boot, "Secure boot and chain of trust"), (CheckGroup.Kernel, "Kernel"), (CheckGroup.Volumes, "Volumes"),
    ];

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
        foreach (var (group, title) in Groups)
            Print(title, result.Findings.Where(finding => finding.Check.Group == group).ToArray());
        terminal.Result("");
        terminal.Result("'sealdisk audit --explain ID' says more of each; --verbose lists what holds.");
    }

    internal void Explain(Check check)
    {
        terminal.Result($"{check.Id}: {check.Title}");
        terminal.Result($"  severity   {AuditJson.Word(check.Severity)}");
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
            terminal.Result($"  {Paint($"✗ {AuditJson.Word(finding.Severity)}", Colour(finding.Severity))}  {Phrase(finding)}");
            foreach (var evidence in finding.Evidence)
                terminal.Result($"      seen    {Line(evidence.Path)}: {Line(evidence.What)}");
            terminal.Result($"      why     {finding.Check.Attack}");
            terminal.Result($"      remedy  {finding.Check.Remedy}");
        }
        foreach (var finding in findings.Where(finding => finding.Accepted is not null))
            terminal.Result($"  · accepted until {finding.Accepted!.Until:yyyy-MM-dd}  {Phrase(finding)}: {finding.Accepted.Reason}");
        foreach (var finding in findings.Where(finding => finding.Status == FindingStatus.Unknown))
        {
            terminal.Result($"  {Paint("? unknown", "35")}  {Phrase(finding)}");
            if (terminal.Verbose)
                foreach (var evidence in finding.Evidence)
                    terminal.Result($"      seen    {Line(evidence.Path)}: {Line(evidence.What)}");
        }
        var good = findings.Where(finding => finding.Status is FindingStatus.Holds or FindingStatus.NotApplicable).ToArray();
        if (terminal.Verbose)
            foreach (var finding in good)
            {
                terminal.Result(finding.Status == FindingStatus.Holds ? $"  {Paint("✓ holds", "32")}  {Phrase(finding)}" : $"  · does not apply  {Phrase(finding)}");
                foreach (var evidence in finding.Evidence)
                    terminal.Result($"      seen    {Line(evidence.Path)}: {Line(evidence.What)}");
            }
        else if (good.Count(finding => finding.Status == FindingStatus.Holds) is > 0 and var held)
            terminal.Result($"  {Paint("✓", "32")} {held} hold: {string.Join(", ", good.Where(finding => finding.Status == FindingStatus.Holds).Select(finding => finding.Check.Id).Distinct(StringComparer.Ordinal))}");
    }

    private void PrintUrgent(AuditResult result, Severity severity, string when)
    {
        if (result.CountOpen(severity) > 0)
            terminal.Result($"{when}: {Paint(string.Join(", ", result.Urgent.Where(finding => finding.Severity == severity).Select(Name)), Colour(severity))}");
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
        var failing = new[] { Severity.Critical, Severity.High, Severity.Medium, Severity.Low, Severity.Info }
            .Select(severity => (severity, count: result.CountOpen(severity))).Where(pair => pair.count > 0).Select(pair => $"{pair.count} {AuditJson.Word(pair.severity)}").ToArray();
        return $"failing: {(failing.Length == 0 ? "none" : string.Join(", ", failing))}; unknown: {result.Count(FindingStatus.Unknown)}; "
            + $"holding: {result.Count(FindingStatus.Holds)}; not applicable: {result.Count(FindingStatus.NotApplicable)}"
            + (result.Findings.Count(finding => finding.Accepted is not null) is > 0 and var accepted ? $"; accepted: {accepted}" : "");
    }

    /// <summary>What a file said reaches a terminal without its control characters.</summary>
    private static string Line(string text) => text.Any(char.IsControl) ? new string([.. text.Select(letter => char.IsControl(letter) ? '\uFFFD' : letter)]) : text;

    private static string Worst(AuditResult result) => result.Findings.Where(finding => finding.IsOpen).Select(finding => finding.Severity).DefaultIfEmpty(Severity.Info).Max() switch
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
