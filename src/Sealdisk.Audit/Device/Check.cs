namespace Sealdisk.Audit.Device;

/// <summary>How bad it is if a check fails.</summary>
public enum Severity
{
    /// <summary>Worth knowing.</summary>
    Info,

    /// <summary>Helps an attacker who already has a foothold.</summary>
    Low,

    /// <summary>Weakens the protection, or opens it to an attacker with further means.</summary>
    Medium,

    /// <summary>Opens the protection to root on the running device, or to a thief under some condition.</summary>
    High,

    /// <summary>The disk is as good as unencrypted to anyone who has the device or its disk.</summary>
    Critical,
}

/// <summary>What part of the protection a check is about; also the reading order.</summary>
public enum CheckGroup
{
    /// <summary>The hardware key and what seals with it.</summary>
    Key,

    /// <summary>The life cycle of the chip and the chain of trust.</summary>
    Boot,

    /// <summary>Ways to keys in the running kernel's memory.</summary>
    Kernel,

    /// <summary>Volumes, their files, and other places that hold keys or plaintext.</summary>
    Volumes,
}

/// <summary>
/// A requirement that a protected device meets, with the judge that looks at a system. <c>audit --explain</c> prints the texts, and
/// docs/audit/ID.md holds them. Each is defined in one place, a file of Device/Catalogue.
/// </summary>
public sealed class Check
{
    private readonly Func<AuditedSystem, IEnumerable<Verdict>> _judge;

    /// <param name="judge">Judges the device.</param>
    internal Check(Func<AuditedSystem, Verdict> judge)
        : this(system => [judge(system)])
    {
    }

    /// <param name="judge">Judges each volume, or each of several things.</param>
    internal Check(Func<AuditedSystem, IEnumerable<Verdict>> judge) => _judge = judge;

    /// <summary>Stable, for scripts, baselines and the <c>require</c> of a volume.</summary>
    public required string Id { get; init; }

    /// <summary>Where it belongs.</summary>
    public required CheckGroup Group { get; init; }

    /// <summary>How bad a failure is, unless the finding says otherwise.</summary>
    public required Severity Severity { get; init; }

    /// <summary>The requirement, as a statement.</summary>
    public required string Title { get; init; }

    /// <summary>What a failure lets an attacker do.</summary>
    public required string Attack { get; init; }

    /// <summary>What to do about a failure.</summary>
    public required string Remedy { get; init; }

    /// <summary>What the judge reads, and how it decides.</summary>
    public required string Reads { get; init; }

    /// <summary>Where the facts are from.</summary>
    public required string Reference { get; init; }

    /// <summary>A volume may require it before its first boot: it judges a device that has no volume yet.</summary>
    public bool CanBeRequired { get; init; }

    /// <summary>A requirement that does not apply is met, but not this one: a chain of trust starts here, so there must be one.</summary>
    public bool MustApply { get; init; }

    /// <summary>No audit can ever confirm it: as a requirement it is met unless it fails.</summary>
    public bool CannotBeConfirmed { get; init; }

    /// <summary>The chain of trust rests on it: the answer of an audit names it if it is unknown.</summary>
    public bool IsPillar { get; init; }

    /// <summary>Judges the key that is sealed for a try before a first boot. Null if the judge needs no key.</summary>
    internal Func<AuditedSystem, TrialKey, Verdict>? TrialJudge { get; init; }

    /// <summary>What an audit finds.</summary>
    internal IEnumerable<Finding> Examine(AuditedSystem system) => _judge(system).Select(Finding);

    /// <summary>What the first boot of a volume finds.</summary>
    internal Finding Examine(AuditedSystem system, TrialKey trial) =>
        TrialJudge is { } judge ? Finding(judge(system, trial)) : Examine(system).First();

    private Finding Finding(Verdict verdict) =>
        new(this, verdict.Status, verdict.Severity ?? Severity, verdict.Text, verdict.Evidence, verdict.Volume);
}
