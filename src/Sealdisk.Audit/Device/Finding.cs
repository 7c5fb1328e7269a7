namespace Sealdisk.Audit.Device;

/// <summary>How a check came out.</summary>
public enum FindingStatus
{
    /// <summary>The requirement is not met.</summary>
    Fails,

    /// <summary>The audit could not find out. Never a pass.</summary>
    Unknown,

    /// <summary>The requirement is met, as far as the audit looked.</summary>
    Holds,

    /// <summary>It means nothing on this device.</summary>
    NotApplicable,
}

/// <summary>A decision to live with a failing check for a time.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Until">The last day on which it counts.</param>
public sealed record Acceptance(string Reason, DateOnly Until);

/// <summary>The outcome of one check, for the device or for one volume.</summary>
/// <param name="Check">The requirement.</param>
/// <param name="Status">How it came out.</param>
/// <param name="Severity">How bad it is if it fails.</param>
/// <param name="Text">One line: what was found.</param>
/// <param name="Evidence">What was read.</param>
/// <param name="Subject">The volume that it is about; null for the device.</param>
public sealed record Finding(
    Check Check, FindingStatus Status, Severity Severity, string Text, IReadOnlyList<Evidence> Evidence, string? Subject = null)
{
    /// <summary>The acceptance that covers it if it fails; else null.</summary>
    public Acceptance? Accepted { get; init; }

    /// <summary>True if it fails and is not accepted.</summary>
    public bool IsOpen => Status == FindingStatus.Fails && Accepted is null;
}
