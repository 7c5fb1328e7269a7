using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Makes both copies of a record good again, with the volume up or down, once it is proven which copy belongs to the data.
/// </summary>
public static class VolumeRepair
{
    /// <summary>Repairs one volume's record; returns what was done, or null if there was nothing to do.</summary>
    /// <exception cref="SealdiskException">No copy can be relied on (3), or the one that could does not open here (4): nothing was
    /// written.</exception>
    public static string? Run(VolumeSpec spec)
    {
        Capabilities.RequireMounting($"repair {spec.Name}");
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        var observed = Observer.Look(spec);
        if (observed.DeviceSize is null)
            throw Planner.For(spec, observed).Refusal ?? SealdiskException.Failed(
                $"cannot repair {spec.Name}: {spec.Device} does not exist (ENOENT)");
        if (observed.Lacking is var (problem, remedy))
            throw SealdiskException.Lacking($"cannot repair {spec.Name}: {problem}", remedy);
        if (observed.UsedBy is { } user)
            throw SealdiskException.Failed($"cannot use {spec.Device}: {user} (EBUSY)", "release it first");
        return observed.Record.Outcome switch
        {
            RecordOutcome.Good good => FromGood(spec, observed, good),
            RecordOutcome.Damaged damaged when observed.Record is (A: CopyReading.Valid a, B: CopyReading.Valid b) =>
                FromEither(spec, observed.Kind, a.Record, b.Record, damaged.Reason),
            RecordOutcome.None { Claimed: false } => throw SealdiskException.Failed(
                $"cannot repair {spec.Name}: it has no record",
                $"if it had one, 'sealdisk record import {spec.Name} FILE' restores it from a backup"),
            RecordOutcome.None => throw SealdiskException.Failed(
                $"cannot repair {spec.Name}: its first boot was interrupted while it wrote its first record, and will start again",
                $"sealdisk up {spec.Name}"),
            _ => throw Planner.For(spec, observed with { Mapping = null, OtherMount = null }).Refusal!,
        };
    }

    private static string? FromGood(VolumeSpec spec, Observed observed, RecordOutcome.Good good)
    {
        var store = Observer.StoreOf(spec);
        if (good.Record.State == VolumeState.Provisioning && RecordProof.InUse(spec, good.Record, observed.Kind) is { } uuid)
        {
            store.Write(
                good.Record with
                {
                    State = VolumeState.Ready,
                    FilesystemUuid = uuid,
                    Generation = good.Record.Generation + 1,
                    CreatedBy = $"sealdisk {ProductVersion.Text}",
                });
            return Proven(
                spec, $"the record was older than its data; it now says that the volume is ready, with {good.Record.Filesystem} {uuid}");
        }
        if (good.CopiesToRepair.Count == 0)
            return null;
        RecordProof.Of(spec, good.Record, observed.Kind);
        store.Repair(observed.Record);
        return Proven(spec, $"rewrote the bad copy from the good one: {good.Why}");
    }

    /// <summary>Two whole copies that contradict each other: the data tell which is theirs.</summary>
    private static string FromEither(VolumeSpec spec, MappingKind kind, VolumeRecord a, VolumeRecord b, string reason)
    {
        var (problemA, problemB) = (Problem(spec, kind, a), Problem(spec, kind, b));
        if ((problemA is null) == (problemB is null))
            throw SealdiskException.Refused(
                $"cannot repair {spec.Name}: {reason}; "
                + (problemA is null ? "both open here and fit the data" : $"copy A: {problemA.Message}; copy B: {problemB!.Message}"),
                $"nothing was changed; 'sealdisk record import {spec.Name} FILE' restores the record from a backup");
        var (good, other) = problemA is null ? (a, 1) : (b, 0);
        Observer.StoreOf(spec).Repair(good, [other]);
        return Proven(spec, $"rewrote copy {"AB"[other]} from the other one, which belongs to the data: {reason}");
    }

    private static SealdiskException? Problem(VolumeSpec spec, MappingKind kind, VolumeRecord record)
    {
        try
        {
            RecordProof.Of(spec, record, kind);
            return null;
        }
        catch (SealdiskException problem) when (problem.Code is ExitCode.Refused or ExitCode.DoesNotOpen)
        {
            return problem;
        }
    }

    private static string Proven(VolumeSpec spec, string done) =>
        Observer.StoreOf(spec).Read().Outcome is RecordOutcome.Good { CopiesToRepair.Count: 0 }
        ? done
        : throw SealdiskException.Failed(
            $"cannot repair {spec.Name}: what reads back is not what was written", "the medium may be failing: back up the data now");
}
