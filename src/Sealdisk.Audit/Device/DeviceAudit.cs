namespace Sealdisk.Audit.Device;

/// <summary>Everything that one audit found.</summary>
/// <param name="Platform">The machine.</param>
/// <param name="Findings">In reading order, as <see cref="Checks.All"/> has it.</param>
/// <param name="Notes">Remarks on the baseline.</param>
/// <param name="Day">The day of the audit, by which acceptances expire.</param>
public sealed record AuditResult(Platform Platform, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Notes, DateOnly Day)
{
    /// <summary>The one honest sentence that answers "is this device really protected?".</summary>
    public string Answer => AuditAnswer.Of(this);

    /// <summary>Findings that fail and are accepted.</summary>
    public int Accepted => Findings.Count(finding => finding.Accepted is not null);

    /// <summary>What is open at critical and high, worst first, else in reading order.</summary>
    public IEnumerable<Finding> Urgent =>
        Findings.Where(finding => finding.IsOpen && finding.Severity >= Severity.High).OrderByDescending(finding => finding.Severity);

    /// <summary>How many findings have that status, without accepted ones.</summary>
    public int Count(FindingStatus status) => Findings.Count(finding => finding.Status == status && finding.Accepted is null);

    /// <summary>How many fail at that severity and are not accepted.</summary>
    public int CountOpen(Severity severity) => Findings.Count(finding => finding.IsOpen && finding.Severity == severity);

    /// <summary>Whether anything is open at that severity or above.</summary>
    /// <param name="threshold">The lowest severity that counts.</param>
    /// <param name="unknownToo">Whether unknown results count as well.</param>
    public bool Reaches(Severity threshold, bool unknownToo) => Findings.Any(finding =>
        finding.Severity >= threshold && (finding.IsOpen || (unknownToo && finding.Status == FindingStatus.Unknown)));
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
        ArgumentNullException.ThrowIfNull(baseline);
        var system = new AuditedSystem(root, configuration);
        var (findings, notes) = baseline.Apply([.. Checks.All.SelectMany(check => check.Examine(system))], today);
        return new AuditResult(system.Platform, findings, notes, today);
    }

    /// <summary>Runs one check, before the first boot of a volume.</summary>
    /// <param name="check">One that <see cref="Check.CanBeRequired"/>.</param>
    /// <param name="root">The system.</param>
    /// <param name="trial">Sealed only if the check needs a sealed key to look at.</param>
    public static Finding BeforeFirstBoot(Check check, SystemRoot root, TrialKey trial)
    {
        ArgumentNullException.ThrowIfNull(check);
        return check.Examine(new AuditedSystem(root, configuration: null), trial);
    }
}
