using System.Diagnostics;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Observed state and specification become a plan: a pure function, and the one place that knows a first boot from a later one.
/// The rule above all others: never create a key or format on doubt.
/// </summary>
public static class Planner
{
    /// <summary>What <c>up</c> will do.</summary>
    public static Plan For(VolumeSpec spec, Observed observed)
    {
        if (observed.Lacking is var (problem, remedy))
            return Plan.Refuse(SealdiskException.Lacking($"cannot bring up {spec.Name}: {problem}", remedy));
        if (observed.NameTaken is { } taken)
            return Plan.Refuse(SealdiskException.Failed(
                $"cannot bring up {spec.Name}: there is {taken} (EBUSY)",
                $"dmsetup info {spec.Name}; give the volume another name, or remove that device"));
        if (observed.Mapping is { IsWhole: true })
            return OfOpenMapping(spec, observed);
        if (observed.OtherMount is { } mounted)
            return Plan.Refuse(MountPointTaken(spec, mounted));
        if (observed.UsedBy is { } user)
            return Plan.Refuse(SealdiskException.Failed($"cannot use {spec.Device}: {user} (EBUSY)", "release it first"));

        var steps = new List<Step>();
        if (observed.Mapping is not null)
            steps.Add(new Step.ClearDeadMapping());
        if (observed.DeviceSize is null)
            return OfMissingDevice(spec, observed, steps);
        return observed.Record.Outcome switch
        {
            RecordOutcome.OtherVersion other => Plan.Refuse(SealdiskException.Refused(
                $"cannot bring up {spec.Name}: its record has {RecordFormat.Describe(other.Version)}; "
                + $"this Sealdisk reads version {RecordFormat.Version}",
                "use the Sealdisk that wrote it")),
            RecordOutcome.Damaged damaged => Plan.Refuse(SealdiskException.Refused(
                $"cannot bring up {spec.Name}: its record is damaged: {damaged.Reason}",
                $"nothing was changed; {WayOutOfDamage(spec, observed.Record)}")),
            RecordOutcome.Good good => OfRecord(spec, observed, good, steps),
            _ => OfNoRecord(spec, observed, steps),
        };
    }

    /// <summary>Sector size of a new volume, in bytes: as configured, or the device's physical one.</summary>
    public static int SectorSizeOf(VolumeSpec spec, Observed observed) =>
        spec.SectorSize ?? Math.Clamp(observed.PhysicalSectorSize, 512, 4096);

    private static Plan OfOpenMapping(VolumeSpec spec, Observed observed)
    {
        if (observed.MapsOtherDevice)
            return Plan.Refuse(SealdiskException.Failed(
                $"cannot bring up {spec.Name}: the mapping of that name decrypts {observed.Mapping!.Device}, not {spec.Device}",
                $"if you do not need it, 'sealdisk map close {spec.Name}' closes it"));
        var isMountedHere = observed.MountedAt == spec.Mount;
        if (isMountedHere && observed.OtherMount is { } above)
            return Plan.Refuse(SealdiskException.Failed(
                $"cannot bring up {spec.Name}: it is mounted on {spec.Mount}, and {above} is mounted over it",
                $"umount {spec.Mount}"));
        var good = observed.Record.Outcome as RecordOutcome.Good;
        if (isMountedHere && (spec.Mount is not null || good is { Record.State: VolumeState.Ready }))
            return new Plan(PlanKind.AlreadyUp, [], null);
        if (observed.MountedAt is { } elsewhere)
            return Plan.Refuse(SealdiskException.Failed(
                $"cannot bring up {spec.Name}: it is mounted on {elsewhere}, "
                + (spec.Mount is { } target ? $"not on {target}" : "but its configuration has no mount point"),
                $"sealdisk down {spec.Name}"));
        if (observed.OtherMount is { } mounted)
            return Plan.Refuse(MountPointTaken(spec, mounted));
        // Mapped and not mounted: opened by hand, unmounted by hand, or left by an 'up' that was killed. Only what the record vouches for
        // may be mounted.
        return good switch
        {
            { Record: { State: VolumeState.Ready, FilesystemUuid: { } uuid } } => OfReadyMapping(spec, observed, good, uuid),
            { Record.State: VolumeState.Provisioning } when observed.DeviceSize is not null =>
                OfRecord(spec, observed, good, [new Step.CloseMapping()]),
            _ => Plan.Refuse(SealdiskException.Failed(
                $"cannot bring up {spec.Name}: a mapping of that name is open, and its volume is not ready", $"sealdisk down {spec.Name}")),
        };
    }

    private static Plan OfReadyMapping(VolumeSpec spec, Observed observed, RecordOutcome.Good good, string uuid)
    {
        if (FilesystemType.Find(good.Record.Filesystem) is not { } type)
            return Plan.Refuse(SealdiskException.Refused(
                $"cannot bring up {spec.Name}: {Says("filesystem", spec.Filesystem, good.Record.Filesystem)}", CorrectConfiguration));
        var steps = new List<Step> { new Step.VerifyFilesystem(type, uuid) };
        steps.AddRange(Repair(observed.Record, good));
        return new Plan(PlanKind.LaterBoot, WithMount(steps, spec, type), null);
    }

    private static Plan OfMissingDevice(VolumeSpec spec, Observed observed, List<Step> steps)
    {
        if (Unreachable(spec, observed) is { } unreachable)
            return Plan.Refuse(unreachable);
        if (spec.Size is not { } size)
            return Plan.Refuse(SealdiskException.Failed(
                $"cannot bring up {spec.Name}: {spec.Device} does not exist (ENOENT)",
                "if Sealdisk is to create it as an image file, set its 'size'"));
        if (spec.RecordFile is { } file && observed.Record.Outcome is not RecordOutcome.None)
            return Plan.Refuse(SealdiskException.Refused(
                $"cannot bring up {spec.Name}: there is a record in {file}, but its image {spec.Device} does not exist",
                $"put the image back; or, if it is gone for good, 'sealdisk erase {spec.Name}' removes the record"));
        steps.Add(new Step.CreateImage(spec.Device, new ByteCount(size)));
        return FirstBoot(spec, observed with { DeviceSize = size }, steps);
    }

    private static Plan OfNoRecord(VolumeSpec spec, Observed observed, List<Step> steps)
    {
        if (Unreachable(spec, observed) is { } unreachable)
            return Plan.Refuse(unreachable);
        var mayReplace = spec.FirstBoot == Volumes.Configuration.FirstBoot.Replace;
        return observed.Content switch
        {
            Content.Blank => FirstBoot(spec, observed, steps),
            Content.PlainFilesystem when mayReplace => FirstBoot(spec, observed, steps),
            // What is left of such a filesystem after the first record was torn over its beginning.
            Content.Other { IsUnknown: true } when mayReplace && observed.Record.Outcome is RecordOutcome.None { Claimed: true } =>
                FirstBoot(spec, observed, steps),
            Content.PlainFilesystem plain => Plan.Refuse(SealdiskException.Refused(
                $"cannot bring up {spec.Name}: {spec.Device} has no record and holds {plain.Signature.Description}",
                "to encrypt the device and LOSE that filesystem, set first-boot = \"replace\"; "
                + $"if a volume was here before, 'sealdisk record import {spec.Name} FILE' restores its record")),
            Content.Other other => Plan.Refuse(SealdiskException.Refused(
                $"cannot bring up {spec.Name}: {spec.Device} has no record and is not blank: {other.Description}",
                other.IsUnknown
                    ? $"if it is a volume, {Restore(spec)}"
                    : "if you need nothing on it, make it blank yourself (wipefs -a, then blkdiscard -z or dd if=/dev/zero)")),
            _ => throw new UnreachableException("no record, and the content was not looked at"),
        };
    }

    private static Plan FirstBoot(VolumeSpec spec, Observed observed, List<Step> steps)
    {
        if (Geometry.Problem(spec, observed.DeviceSize!.Value) is { } problem)
            return Plan.Refuse(SealdiskException.Usage(
                $"cannot bring up {spec.Name}: {problem}",
                "nothing was changed; if it was a volume, restore the whole device; if not, give it more space"));
        if (observed.RecoveryLacking is var (lacking, remedy))
            return Plan.Refuse(SealdiskException.Lacking($"cannot bring up {spec.Name} with recovery: {lacking}", remedy));
        steps.InsertRange(0, Requirements(spec));
        var source = observed.Source ?? spec.Source;
        if (spec.Key == KeyKind.Encrypted)
        {
            var sharedWith = observed.RootToCome ?? observed.SharedRoot?.Volume;
            // A root key that is there has its parent.
            if (sharedWith is null)
                steps.AddRange(Parent(observed));
            var recoveryKeyId = spec.Recovery is { } recovery ? RecoveryKey.IdOf(recovery) : null;
            steps.Add(new Step.MakeTwoLevelKey(source, spec.KeySize, spec.Tpm, sharedWith, recoveryKeyId));
        }
        else
        {
            steps.AddRange(Parent(observed));
            steps.Add(new Step.SealNewKey(source, spec.KeySize, spec.Tpm));
        }
        steps.Add(new Step.WriteProvisioning(spec.RecordFile));
        steps.Add(new Step.OpenMapping(observed.Kind, spec.Cipher, SectorSizeOf(spec, observed)));
        return new Plan(PlanKind.FirstBoot, WithNewFilesystem(steps, spec), null);
    }

    private static Plan OfRecord(VolumeSpec spec, Observed observed, RecordOutcome.Good good, List<Step> steps)
    {
        var record = good.Record;
        if (Contradiction(spec, observed, record) is { } refusal)
            return Plan.Refuse(refusal);
        var isResumed = record.State == VolumeState.Provisioning;
        if (isResumed)
            steps.InsertRange(0, Requirements(spec));
        steps.Add(new Step.Unseal(record));
        steps.Add(new Step.OpenMapping(observed.Kind, record.Format.Cipher, record.Format.Layout.SectorSize));
        // The recorded filesystem is the configured one: nothing contradicts that here.
        steps.Add(isResumed ? new Step.VerifyUnused(spec.Filesystem) : new Step.VerifyFilesystem(spec.Filesystem, record.FilesystemUuid!));
        steps.AddRange(Repair(observed.Record, good));
        return isResumed
            ? new Plan(PlanKind.Resume, WithNewFilesystem(steps, spec), null)
            : new Plan(PlanKind.LaterBoot, WithMount(steps, spec, spec.Filesystem), null);
    }

    /// <summary>Why a good record may not be followed: it and the configuration or the device contradict each other; or null.</summary>
    private static SealdiskException? Contradiction(VolumeSpec spec, Observed observed, VolumeRecord record)
    {
        if (observed.Source is { } source && source != record.Source && !spec.Source.IsSettled())
            return SealdiskException.Refused(
                $"cannot bring up {spec.Name}: its key was sealed by {record.Source.Text()}, "
                + $"and the trust source of this kernel is {source.Text()}",
                $"boot the kernel with trusted.source={record.Source.Text()}, or take the disk back to the device it was set up on");
        if (Disagreement(spec, record) is { } disagreement)
            return SealdiskException.Refused($"cannot bring up {spec.Name}: {disagreement}", WayOutOfDisagreement(spec, record));
        if (Geometry.Truncation(spec, record, observed.DeviceSize!.Value) is { } truncation)
            return SealdiskException.Refused(
                $"cannot bring up {spec.Name}: {truncation}",
                "nothing was changed; restore the whole device: making it longer again does not restore what was cut off");
        if (observed.PlantedInHeader is { } planted)
            return SealdiskException.Refused(
                $"cannot bring up {spec.Name}: {spec.Device} holds {planted} where its record should be; "
                + "a plain filesystem is never mounted in a volume's place",
                "another program wrote to this device; nothing was changed; "
                + $"if the volume's own filesystem is still there, 'sealdisk repair {spec.Name}' rewrites the record");
        return record.State != VolumeState.Converting ? null : SealdiskException.Refused(
            $"cannot bring up {spec.Name}: {RecordProof.HalfConverted}", RecordProof.HalfConvertedHint);
    }

    /// <summary>Repairs come after the key has opened and the filesystem was found: a refusal leaves every byte as it was.</summary>
    private static IEnumerable<Step> Repair(RecordReading reading, RecordOutcome.Good good) =>
        good.CopiesToRepair.Count > 0 ? [new Step.RepairRecord(reading, good.Why!)] : [];

    private static IEnumerable<Step> Requirements(VolumeSpec spec) =>
        spec.Require.Count > 0 ? [new Step.MeetRequirements(spec.Require)] : [];

    private static IEnumerable<Step> Parent(Observed observed) =>
        observed.ParentToMake is { } parent ? [new Step.MakeParent(parent)] : [];

    private static List<Step> WithNewFilesystem(List<Step> steps, VolumeSpec spec)
    {
        steps.Add(new Step.MakeFilesystem(spec.Filesystem));
        steps.Add(new Step.WriteReady(spec.RecordFile));
        if (spec.Mount is { } target)
            steps.Add(new Step.Mount(target, spec.Filesystem));
        return steps;
    }

    private static List<Step> WithMount(List<Step> steps, VolumeSpec spec, FilesystemType type)
    {
        if (spec.Mount is not { } target)
            return steps;
        steps.Add(new Step.CheckFilesystem(type));
        steps.Add(new Step.Mount(target, type));
        return steps;
    }

    /// <summary>Where configuration and record contradict each other, or null.</summary>
    internal static string? Disagreement(VolumeSpec spec, VolumeRecord record)
    {
        var format = record.Format;
        if (spec.Name != record.Name)
            return $"its record is of a volume named {record.Name}";
        if (!spec.Source.Means(record.Source))
            return Says("source", spec.Source.Text(), record.Source.Text());
        if (spec.Key != record.Key.Kind)
            return Says("key", spec.Key.Text(), record.Key.Kind.Text());
        if (spec.Cipher.Canonical != format.Cipher.Canonical)
            return Says("cipher", spec.Cipher.Text, format.Cipher.Text);
        if (spec.KeySize != format.KeySize)
            return Says("key-size", spec.KeySize, format.KeySize);
        if (spec.SectorSize is { } sectorSize && sectorSize != format.Layout.SectorSize)
            return Says("sector-size", sectorSize, format.Layout.SectorSize);
        // If the device decided the sector size and it came out as 512 bytes, large-sector IVs are the same thing.
        if (spec.IvLargeSectors != format.Layout.IvLargeSectors && format.Layout.SectorSize > 512)
            return Says("iv-large-sectors", Text(spec.IvLargeSectors), Text(format.Layout.IvLargeSectors));
        if (format.Integrity != SectorFormat.NoIntegrity)
            return Says("integrity", SectorFormat.NoIntegrity, format.Integrity);
        if (spec.Filesystem.Name != record.Filesystem)
            return Says("filesystem", spec.Filesystem, record.Filesystem);
        var dataOffset = Geometry.DataOffset(spec);
        return format.Offset != dataOffset
            ? $"its data should begin at sector {dataOffset}, its record says {format.Offset}"
            : null;

        static string Text(bool setting) => setting ? "true" : "false";
    }

    private static string Says(string what, object configured, object recorded) =>
        $"the configuration says {what} {configured}, its record says {recorded}";

    private const string CorrectConfiguration =
        "the configuration decides and the record must agree: correct the configuration, or give the volume its own device";

    private static string WayOutOfDisagreement(VolumeSpec spec, VolumeRecord record)
    {
        if (spec.Name != record.Name)
            return "is it the device of another volume? "
                + $"If you renamed the volume, 'sealdisk record rename {record.Name} {spec.Name}'";
        return record.State == VolumeState.Ready
            ? CorrectConfiguration
            : "its first boot never finished: go back to the recorded setting; "
              + $"or, since it never held data, run 'sealdisk erase {spec.Name}' and start again";
    }

    private static string WayOutOfDamage(VolumeSpec spec, RecordReading reading) => reading switch
    {
        { IsAdoption: true } => $"run 'sealdisk adopt {spec.Name}' again to finish",
        (CopyReading.Valid, CopyReading.Valid) => $"'sealdisk repair {spec.Name}' finds out which of its copies belongs to the data",
        _ => Restore(spec),
    };

    private static string Restore(VolumeSpec spec) =>
        $"restore its record from a backup with 'sealdisk record import {spec.Name} FILE'; "
        + $"without one its key is lost, and 'sealdisk erase {spec.Name}' makes the device blank";

    private static SealdiskException? Unreachable(VolumeSpec spec, Observed observed) => observed.Unreachable is var (problem, remedy)
        ? SealdiskException.Failed($"cannot bring up {spec.Name}: {problem}", remedy)
        : null;

    private static SealdiskException MountPointTaken(VolumeSpec spec, string mounted) =>
        SealdiskException.Failed($"cannot mount {spec.Name} on {spec.Mount}: {mounted} is mounted there", $"umount {spec.Mount}");
}
