namespace Sealdisk.Audit.Device;

/// <summary>How bad it is where a check fails.</summary>
public enum Severity
{
    /// <summary>Worth knowing.</summary>
    Info,

    /// <summary>Helps an attacker who is already somewhere.</summary>
    Low,

    /// <summary>Weakens the protection, or opens it to an attacker with further means.</summary>
    Medium,

    /// <summary>Opens the protection to root on the running device, or to a thief under some condition.</summary>
    High,

    /// <summary>The disk is as good as unencrypted to whoever has the device or its disk.</summary>
    Critical,
}

/// <summary>How a check came out.</summary>
public enum FindingStatus
{
    /// <summary>The requirement is not met.</summary>
    Fails,

    /// <summary>It could not be found out. Never a pass.</summary>
    Unknown,

    /// <summary>The requirement is met, as far as was looked.</summary>
    Holds,

    /// <summary>It means nothing on this device.</summary>
    NotApplicable,
}

/// <summary>What part of the protection a check is about; also the order of reading.</summary>
public enum CheckGroup
{
    /// <summary>The hardware key and who seals with it.</summary>
    Key,

    /// <summary>The life cycle of the chip and the chain of trust.</summary>
    Boot,

    /// <summary>Ways to keys in the running kernel's memory.</summary>
    Kernel,

    /// <summary>Volumes, their files, and what else holds keys or plaintext.</summary>
    Volumes,
}

/// <summary>A requirement that a protected device meets. The texts are what <c>audit --explain</c> prints and docs/audit/ID.md holds.</summary>
/// <param name="Id">Stable, for scripts, baselines and the gate.</param>
/// <param name="Group">Where it belongs.</param>
/// <param name="Severity">How bad a failure is, unless a finding says otherwise.</param>
/// <param name="Title">The requirement, as a statement.</param>
/// <param name="Attack">What a failure opens, in a sentence or a few.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Reads">What is looked at, and how it is judged.</param>
/// <param name="Reference">Where the facts are from.</param>
public sealed record Check(string Id, CheckGroup Group, Severity Severity, string Title, string Attack, string Remedy, string Reads, string Reference);

/// <summary>What was read where. Never holds anything secret.</summary>
/// <param name="Path">A path as seen from the root, or a name of what is no file, such as "kernel log".</param>
/// <param name="What">What it said.</param>
public sealed record Evidence(string Path, string What);

/// <summary>A person's decision to live with a failing check for a time.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Until">The last day on which it counts.</param>
public sealed record Acceptance(string Reason, DateOnly Until);

/// <summary>The outcome of one check, for the device or for one volume.</summary>
/// <param name="Check">The requirement.</param>
/// <param name="Status">How it came out.</param>
/// <param name="Severity">How bad it is if it fails.</param>
/// <param name="Text">One line: what was found.</param>
/// <param name="Evidence">What was read.</param>
/// <param name="Subject">The volume it is about; null for the device.</param>
public sealed record Finding(Check Check, FindingStatus Status, Severity Severity, string Text, IReadOnlyList<Evidence> Evidence, string? Subject = null)
{
    /// <summary>The acceptance that covers it, where it fails and one does; else null.</summary>
    public Acceptance? Accepted { get; init; }

    /// <summary>True where it fails and nobody has accepted that.</summary>
    public bool IsOpen => Status == FindingStatus.Fails && Accepted is null;

    internal static Finding Holds(Check check, string text, params Evidence[] evidence) => new(check, FindingStatus.Holds, check.Severity, text, evidence);

    internal static Finding Fails(Check check, string text, params Evidence[] evidence) => new(check, FindingStatus.Fails, check.Severity, text, evidence);

    internal static Finding Unknown(Check check, string text, params Evidence[] evidence) => new(check, FindingStatus.Unknown, check.Severity, text, evidence);

    internal static Finding NotApplicable(Check check, string text, params Evidence[] evidence) => new(check, FindingStatus.NotApplicable, check.Severity, text, evidence);
}
