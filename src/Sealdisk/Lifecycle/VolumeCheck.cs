using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Would the next boot unlock it? Unseals and decrypts for real, in this process, and mounts nothing, writes nothing.</summary>
public static class VolumeCheck
{
    /// <summary>Checks one volume; returns what was verified.</summary>
    /// <exception cref="SealdiskException">The next boot would not unlock it: the same failure, with the same exit code, that it would
    /// meet.</exception>
    public static string Run(VolumeSpec spec)
    {
        var observed = Observer.Look(spec);
        if (observed.Record.Outcome is not RecordOutcome.Good { Record: var record } good)
        {
            var plan = Planner.For(spec, observed);
            throw plan.Refusal ?? SealdiskException.Failed(
                $"cannot check {spec.Name}: it has not had its first boot yet", $"sealdisk up {spec.Name}");
        }
        // A plan for a volume that is down: what the next boot will find is the device, not today's mapping.
        var next = Planner.For(spec, observed with { Mapping = null, MountedAt = null, OtherMount = null, UsedBy = null });
        return next.Refusal is { } refusal
            ? throw refusal
            : RecordProof.Of(spec, record, observed.Kind) + (
                good.CopiesToRepair.Count > 0 ? $"; one copy of the record will be repaired: {good.Why}" : "");
    }
}
