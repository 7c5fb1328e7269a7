using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>A volume as <c>status</c> shows it.</summary>
/// <param name="Name">The volume.</param>
/// <param name="State">up, mapped, down, new (no first boot yet), provisioning, degraded (its server has died), refused.</param>
/// <param name="Observed">What was seen.</param>
/// <param name="Record">Its record, or null.</param>
/// <param name="Problem">What a person should know, or null.</param>
public sealed record VolumeStatus(string Name, string State, Observed Observed, VolumeRecord? Record, string? Problem)
{
    /// <summary>How the two copies of the record are: good, bad, absent.</summary>
    public string Copies => Observed.Record.Outcome switch
    {
        RecordOutcome.Good { CopiesToRepair.Count: 0 } => "both good",
        RecordOutcome.Good good => $"one bad: {good.Why}",
        RecordOutcome.None => "none",
        RecordOutcome.OtherVersion other => $"format version {other.Version}, unknown here",
        RecordOutcome.Damaged damaged => $"damaged: {damaged.Reason}",
        _ => "unknown",
    };

    /// <summary>Looks at a volume; changes nothing.</summary>
    public static VolumeStatus Of(VolumeSpec spec)
    {
        var observed = Observer.Look(spec);
        var record = (observed.Record.Outcome as RecordOutcome.Good)?.Record;
        var plan = Planner.For(spec, observed);
        var problem = observed.Mapping?.Problem
            ?? MappingProblem(spec, observed, record)
            ?? plan.Refusal?.Message
            ?? RecordProblem(spec, observed.Record.Outcome)
            ?? RecoveryProblem(spec, record);
        var state = observed switch
        {
            { Mapping: { IsWhole: false } } => "degraded",
            { Mapping: not null, MountedAt: not null } => "up",
            { Mapping: not null } when record is { State: VolumeState.Provisioning } => "provisioning",
            { Mapping: not null } => "mapped",
            _ when plan.Refusal is not null => "refused",
            _ => plan.Kind switch
            {
                PlanKind.FirstBoot => "new",
                PlanKind.Resume => "provisioning",
                _ => "down",
            },
        };
        return new VolumeStatus(spec.Name, state, observed, record, problem);
    }

    /// <summary>What would hurt if one thing more went wrong.</summary>
    private static string? RecordProblem(VolumeSpec spec, RecordOutcome outcome) => outcome switch
    {
        RecordOutcome.Good { Why: { } why } => $"its record depends on one copy: {why}; 'sealdisk repair {spec.Name}' fixes it",
        RecordOutcome.None { Claimed: true } =>
            "its first boot was interrupted while it wrote its first record; the next 'up' starts again",
        _ => null,
    };

    /// <summary>A recovery key that was configured after the volume was made, or another one since.</summary>
    private static string? RecoveryProblem(VolumeSpec spec, VolumeRecord? record) =>
        record is not null && spec.Recovery is { } recovery && RecoveryKey.IdOf(recovery) is var id
            && record.Key.RecoveryKeyId is var wrapped && wrapped != id
            ? $"its key is wrapped for {(wrapped is null ? "no recovery key" : $"recovery key {wrapped}")}, not for the configured {id}"
              + (record.Source.IsKernel() ? "; a kernel source never hands out a key to wrap" : $"; 'sealdisk rotate {spec.Name}' wraps it")
            : null;

    /// <summary>What hurts a mapping that is whole: its device has gone or shrunk under it, or answered with errors.</summary>
    private static string? MappingProblem(VolumeSpec spec, Observed observed, VolumeRecord? record)
    {
        if (observed.Mapping is not { } mapping)
            return null;
        if (observed.DeviceSize is not { } size)
            return $"{spec.Device} was removed while it was in use; "
                + $"until 'down' its data can still be copied from {mapping.VolumePath ?? mapping.BlockPath}";
        if (record is not null && Geometry.Truncation(spec, record, size) is { } truncation)
            return truncation;
        return mapping.LastError is { } error ? $"its server reported errors; the last one: {error}" : null;
    }
}
