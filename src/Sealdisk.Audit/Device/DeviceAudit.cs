namespace Sealdisk.Audit.Device;

/// <summary>Everything that one audit found.</summary>
/// <param name="Platform">The machine.</param>
/// <param name="Findings">In reading order: by group, and as <see cref="Checks.All"/> has them.</param>
/// <param name="Notes">What is to be said of the baseline.</param>
/// <param name="Day">The day of the audit, by which acceptances expire.</param>
public sealed record AuditResult(Platform Platform, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Notes, DateOnly Day)
{
    /// <summary>The one honest sentence that answers "is this device really protected?".</summary>
    public string Answer => AuditAnswer.Of(this);

    /// <summary>How many findings have that status; accepted ones are not among the failing.</summary>
    public int Count(FindingStatus status) => Findings.Count(finding => finding.Status == status && finding.Accepted is null);

    /// <summary>How many fail at that severity and are not accepted.</summary>
    public int CountOpen(Severity severity) => Findings.Count(finding => finding.IsOpen && finding.Severity == severity);

    /// <summary>What is open at critical and high, worst first, else as <see cref="Findings"/> has it.</summary>
    public IEnumerable<Finding> Urgent => Findings.Where(finding => finding.IsOpen && finding.Severity >= Severity.High).OrderByDescending(finding => finding.Severity);

    /// <summary>Whether anything is open at that severity or above.</summary>
    /// <param name="threshold">The lowest severity that counts.</param>
    /// <param name="unknownToo">Whether what could not be found out counts as well.</param>
    public bool Reaches(Severity threshold, bool unknownToo) =>
        Findings.Any(finding => finding.Severity >= threshold && (finding.IsOpen || (unknownToo && finding.Status == FindingStatus.Unknown)));
}

/// <summary>Looks at a system and says how well its disk encryption is protected. Changes nothing.</summary>
public static class DeviceAudit
{
    /// <summary>Runs all checks.</summary>
    /// <param name="root">The system.</param>
    /// <param name="configuration">Path of the volumes' configuration, as seen from the root.</param>
    /// <param name="baseline">Accepted findings.</param>
    /// <param name="today">The day by which acceptances expire.</param>
    public static AuditResult Run(SystemRoot root, string configuration, Baseline baseline, DateOnly today)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(baseline);
        var look = new Look(root, configuration);
        var order = Checks.All.Select((check, index) => (check.Id, index)).ToDictionary(pair => pair.Id, pair => pair.index, StringComparer.Ordinal);
        Finding[] found = [.. KeyChecks.Run(look), .. BootChecks.Run(look), .. KernelChecks.Run(look), .. VolumeChecks.Run(look)];
        var (findings, notes) = baseline.Apply([.. found.OrderBy(finding => order[finding.Check.Id])], today);
        return new AuditResult(look.Platform, findings, notes, today);
    }
}
