using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Looks at a volume and changes nothing.</summary>
public static class Observer
{
    /// <summary>Everything a plan depends on, as it is now.</summary>
    /// <exception cref="SealdiskException">The device is no device, or cannot be probed.</exception>
    public static Observed Look(VolumeSpec spec) => Look(spec, isClaimed: false);

    /// <summary>
    /// The same for a caller that may hold the <see cref="Claim"/> on the device, which is not to be taken for another user.
    /// </summary>
    internal static Observed Look(VolumeSpec spec, bool isClaimed)
    {
        var status = FileStatus.TryOf(spec.Device);
        if (status is { Kind: not (FileKind.BlockDevice or FileKind.Regular) })
            throw SealdiskException.Usage($"cannot use {spec.Device}: it is neither a block device nor a regular file");
        var record = status is null && spec.RecordFile is null ? RecordReading.Nothing : StoreOf(spec).Read();
        var mapping = Mappings.Find(spec.Name);
        var mounts = Mounts.Read();
        var mountedAt = mapping is null ? null : mounts.LastOrDefault(mapping.Mounted)?.Target;
        var capabilities = Capabilities.For(spec.Source, spec.Mapping);
        var observed = new Observed
        {
            DeviceSize = null,
            Source = capabilities.Source,
            Kind = capabilities.Kind,
            Mapping = mapping,
            MapsOtherDevice = mapping is { Device: not null } && !mapping.IsOf(spec.Device),
            NameTaken = mapping is { Kind: MappingKind.Dm } || DmMapping.Foreign(spec.Name) is null
                ? null
                : $"a device-mapper device named {spec.Name} that is not one of Sealdisk's",
            MountedAt = mountedAt,
            // What is on top is what is seen there.
            OtherMount = mounts.LastOrDefault(mount => mount.Target == spec.Mount) is { } top && mapping?.Mounted(top) != true
                ? top.Source
                : null,
            Lacking = capabilities.Lacking ?? LackingForKey(spec),
            Unreachable = UnreachableFile.Of(spec, mounts, record),
            Record = record,
        };
        if (status is not { } there)
        {
            var folder = Path.GetDirectoryName(spec.Device)!;
            return observed with
            {
                PhysicalSectorSize = Directory.Exists(folder) ? BlockDevice.PhysicalSectorSizeUnder(folder) : 512,
                SharedRoot = SharedRoots.Find(spec, capabilities.Source),
                RecoveryLacking = LackingForRecovery(spec),
                ParentToMake = ParentToMake(spec, capabilities.Source),
            };
        }

        using var device = FileDescriptor.Open(spec.Device, OpenFlags.Read);
        var size = there.Kind == FileKind.BlockDevice ? BlockDevice.Size(device).Count : there.Size;
        return observed with
        {
            DeviceSize = size,
            PhysicalSectorSize = there.Kind == FileKind.BlockDevice
                ? BlockDevice.PhysicalSectorSize(device)
                : BlockDevice.PhysicalSectorSizeUnder(spec.Device),
            SharedRoot = record.Outcome is RecordOutcome.None ? SharedRoots.Find(spec, capabilities.Source) : null,
            RecoveryLacking = record.Outcome is RecordOutcome.None ? LackingForRecovery(spec) : null,
            ParentToMake = record.Outcome is RecordOutcome.None ? ParentToMake(spec, capabilities.Source) : null,
            Content = record.Outcome is RecordOutcome.None none
                ? Content.Of(spec.Device, device, size, spec.RecordFile is null, none.Claimed)
                : null,
            PlantedInHeader = spec.RecordFile is null && record.Outcome is RecordOutcome.Good { CopiesToRepair.Count: > 0 }
                ? Planted(spec.Device)
                : null,
            // A mapping of our own has the device for itself alone; a server even if the rest of its mapping is gone.
            UsedBy = mapping is { Kind: MappingKind.Dm } or { Server: not null } && !observed.MapsOtherDevice
                ? null
                : UserOf(spec, there, record, mounts, isClaimed),
        };
    }

    /// <summary>Where the volume's record is.</summary>
    public static RecordStore StoreOf(VolumeSpec spec) =>
        spec.RecordFile is { } file ? RecordStore.Detached(file) : RecordStore.Header(spec.Device);

    /// <summary>What the source lacks for the volume's key, as long as it is not asked to wrap it for a recovery key.</summary>
    private static (string Problem, string Remedy)? LackingForKey(VolumeSpec spec) => LackingFor(spec with { Recovery = null });

    /// <summary>What it lacks besides, to wrap a new key for a recovery key.</summary>
    private static (string Problem, string Remedy)? LackingForRecovery(VolumeSpec spec) => spec.Recovery is null ? null : LackingFor(spec);

    private static (string Problem, string Remedy)? LackingFor(VolumeSpec spec) =>
        spec.Source.IsKernel() ? new KernelKeySource(spec.Source, spec.Tpm).Lacking(KeySources.RequestFor(spec, null)) : null;

    private static uint? ParentToMake(VolumeSpec spec, TrustSource? source) =>
        source == TrustSource.Tpm && Volumes.Keys.Tpm.TpmParent.IsFree(spec.Tpm) ? spec.Tpm.Parent : null;

    /// <summary>
    /// What another program wrote into the header's space, where only our own two copies and zeros belong. Ciphertext begins after it, so
    /// nothing here is chance.
    /// </summary>
    private static string? Planted(string device)
    {
        var signature = Signature.Probe(device, 0, RecordStore.HeaderSectors.Bytes.Count);
        return signature.IsNothing ? null : signature.Description;
    }

    private static string? UserOf(
        VolumeSpec spec, FileStatus status, RecordReading record, IReadOnlyList<MountEntry> mounts, bool isClaimed)
    {
        var others = Mappings.List().Where(other => other.Name != spec.Name).ToArray();
        if (others.FirstOrDefault(other => other.IsOf(spec.Device)) is { } mapping)
            return $"mapping {mapping.Name} has it open";
        if (status.Kind == FileKind.Regular && LoopDevice.BackedBy(spec.Device) is [var loop, ..])
            return $"it is attached to {loop.Path}";
        if (status.Kind == FileKind.BlockDevice && !isClaimed && DeviceUser.Of(spec.Device, status.RawDevice, mounts) is { } user)
            return user;
        return SameVolumeMapped(record, others);
    }

    /// <summary>
    /// The very volume, under another name and through another device: two loop devices on one file, or a copy of it. Its sealed key
    /// tells.
    /// </summary>
    private static string? SameVolumeMapped(RecordReading record, MappingState[] others) =>
        record.Outcome is RecordOutcome.Good { Record.Key.Id: var id }
            && others.FirstOrDefault(other => other.SealedKeyId == id) is { } twin
            ? $"its volume is mapped already, as {twin.Name} through {twin.Device}"
            : null;
}
