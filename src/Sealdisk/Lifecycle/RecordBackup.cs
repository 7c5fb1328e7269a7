using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// A backup of a volume's record: both copies as a detached record has them, 8192 bytes. It holds nothing secret, since the key in it is
/// sealed, and opens nothing on another device.
/// </summary>
public static class RecordBackup
{
    private const int Length = 2 * RecordFormat.BlockSize;

    /// <summary>Both copies as they are, changing nothing.</summary>
    /// <exception cref="SealdiskException">There is no such device (1).</exception>
    public static RecordReading Read(VolumeSpec spec) => spec.RecordFile is null && FileStatus.TryOf(spec.Device) is null
        ? throw SealdiskException.Failed($"cannot read the record of {spec.Name}: {spec.Device} does not exist (ENOENT)")
        : Observer.StoreOf(spec).Read();

    /// <summary>The bytes of a backup.</summary>
    /// <exception cref="SealdiskException">There is no record yet, or its first boot has not finished (1); no copy can be relied on
    /// (3).</exception>
    public static byte[] Export(VolumeSpec spec)
    {
        var outcome = Read(spec).Outcome;
        if (outcome is not RecordOutcome.Good { Record: var record })
        {
            throw outcome is RecordOutcome.None
                ? SealdiskException.Failed(
                    $"cannot export the record of {spec.Name}: there is none", $"'sealdisk status {spec.Name}' shows more")
                : Planner.For(spec, OnlyDevice(Observer.Look(spec))).Refusal!;
        }
        if (record.State == VolumeState.Provisioning)
            throw SealdiskException.Failed(
                $"cannot export the record of {spec.Name}: its first boot has not finished, and there are no data to keep it for",
                $"sealdisk up {spec.Name}");
        var both = new byte[Length];
        RecordFormat.Write(record, both.AsSpan(0, RecordFormat.BlockSize));
        RecordFormat.Write(record, both.AsSpan(RecordFormat.BlockSize));
        return both;
    }

    /// <summary>What was observed, without all that has nothing to do with the record.</summary>
    private static Observed OnlyDevice(Observed observed) => observed with
    {
        Mapping = null,
        OtherMount = null,
        UsedBy = null,
        Lacking = null,
        NameTaken = null,
    };

    /// <summary>Saves the bytes of a backup, durably, mode 0600.</summary>
    /// <exception cref="SealdiskException">The file exists (3).</exception>
    public static void Save(byte[] backup, string file)
    {
        if (DurableFile.IsTaken(file))
            throw SealdiskException.Refused($"cannot write {file}: it exists (EEXIST)", "name another file");
        DurableFile.Create(file, backup, Permissions.Mode0600);
    }

    /// <summary>
    /// Restores a record from a backup, once it is proven that its key opens on this device and that its filesystem is on the volume.
    /// Returns what was done, or null if the record is there already.
    /// </summary>
    /// <param name="spec">The volume, which must be down.</param>
    /// <param name="backup">An export; one copy alone, a detached record's file and the first MiB of a device work too.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="replaceNewer">Also over a good record of the same volume with a higher generation.</param>
    /// <exception cref="SealdiskException">Nothing was written: it is no record (2), its key does not open here (4), it does not fit the
    /// volume, the data or the configuration, or a good record there is newer or another volume's (3), or the volume is in use
    /// (1).</exception>
    public static string? Import(VolumeSpec spec, ReadOnlySpan<byte> backup, string name, bool replaceNewer)
    {
        Capabilities.RequireMounting($"import the record of {spec.Name}");
        var record = Parse(backup, name);
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        var observed = Observer.Look(spec);
        if (observed.DeviceSize is not { } size)
            throw SealdiskException.Failed($"cannot import the record of {spec.Name}: {spec.Device} does not exist (ENOENT)");
        if (observed.Mapping is not null)
            throw SealdiskException.Failed(
                $"cannot import the record of {spec.Name}: the volume is in use (EBUSY)", $"sealdisk down {spec.Name}");
        if (observed.UsedBy is { } user)
            throw SealdiskException.Failed($"cannot use {spec.Device}: {user} (EBUSY)", "release it first");
        if (observed.Unreachable is var (problem, remedy))
            throw SealdiskException.Failed($"cannot import the record of {spec.Name}: {problem}", remedy);
        if (observed.Lacking is var (lacking, provide))
            throw SealdiskException.Lacking($"cannot import the record of {spec.Name}: {lacking}", provide);
        RefuseReplacing(spec, observed.Record.Outcome, record, replaceNewer);
        if (observed.Record.Outcome is RecordOutcome.Good { CopiesToRepair.Count: 0 } there && there.Record == record)
            return null;
        if ((Planner.Disagreement(spec, record) ?? Geometry.Truncation(spec, record, size)) is { } misfit)
            throw SealdiskException.Refused(
                $"cannot import {name} into {spec.Name}: {misfit}", "nothing was changed; is it the backup of another volume?");
        var proof = RecordProof.Of(spec, record, observed.Kind);
        Observer.StoreOf(spec).Restore(record);
        return Observer.StoreOf(spec).Read().Outcome is RecordOutcome.Good { CopiesToRepair.Count: 0 } back && back.Record == record
            ? proof
            : throw SealdiskException.Failed(
                $"cannot import the record of {spec.Name}: what reads back is not what was written", "the medium may be failing");
    }

    private static VolumeRecord Parse(ReadOnlySpan<byte> backup, string name)
    {
        var second = backup.Length > Length ? (int)RecordStore.HeaderCopyB : RecordFormat.BlockSize;
        var reading = new RecordReading(RecordFormat.Read(backup), RecordFormat.Read(backup[Math.Min(second, backup.Length)..]));
        return reading.Outcome switch
        {
            RecordOutcome.Good { Record.State: VolumeState.Provisioning } => throw SealdiskException.Refused(
                $"cannot import {name}: it was made before the first boot ended, when there were no data yet",
                "nothing was changed; import a later backup"),
            RecordOutcome.Good good when backup.Length <= Length || backup.Length == RecordStore.HeaderSectors.Bytes.Count => good.Record,
            RecordOutcome.Damaged damaged => throw SealdiskException.Usage($"cannot import {name}: it is damaged: {damaged.Reason}"),
            RecordOutcome.OtherVersion other => throw SealdiskException.Usage(
                $"cannot import {name}: it has {RecordFormat.Describe(other.Version)}; this Sealdisk reads version {RecordFormat.Version}",
                "use the Sealdisk that wrote it"),
            _ => throw SealdiskException.Usage($"cannot import {name}: it is not a record", "'sealdisk record export' makes one"),
        };
    }

    private static void RefuseReplacing(VolumeSpec spec, RecordOutcome there, VolumeRecord record, bool replaceNewer)
    {
        var (reason, hint) = there switch
        {
            RecordOutcome.OtherVersion other => (
                $"the record there has {RecordFormat.Describe(other.Version)}", "use the Sealdisk that wrote it"),
            RecordOutcome.Good good when good.Record.Uuid != record.Uuid => (
                $"it is of volume {record.Uuid:D}, and there is a good record of volume {good.Record.Uuid:D}",
                "nothing was changed; is it the backup of another volume?"),
            RecordOutcome.Good good when good.Record != record && good.Record.Generation >= record.Generation && !replaceNewer => (
                $"it has generation {record.Generation}, and there is a good record with generation {good.Record.Generation}",
                "nothing was changed; --replace-newer goes back to the older one"),
            _ => (null, null),
        };
        if (reason is not null)
            throw SealdiskException.Refused($"cannot import the record of {spec.Name}: {reason}", hint);
    }
}
