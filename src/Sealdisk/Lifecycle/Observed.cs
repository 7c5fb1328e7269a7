using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Everything about a volume that a plan depends on, as found; looking changes nothing.</summary>
public sealed record Observed
{
    /// <summary>The device's size in bytes, or null if there is no such device or image.</summary>
    public required long? DeviceSize { get; init; }

    /// <summary>Bytes of the device's physical sector, at most 4096; for an image file, that of the disk under it.</summary>
    public int PhysicalSectorSize { get; init; } = 512;

    /// <summary>The record's two copies; none if there is no device.</summary>
    public RecordReading Record { get; init; } = RecordReading.Nothing;

    /// <summary>Why an image or detached record that is not there may be somewhere else, with the remedy; or null.</summary>
    public (string Problem, string Remedy)? Unreachable { get; init; }

    /// <summary>What the device holds; looked at only if no copy of a record was found.</summary>
    public Content? Content { get; init; }

    /// <summary>A plain filesystem in the space that belongs to the header record; only a hand other than ours puts one there.</summary>
    public string? PlantedInHeader { get; init; }

    /// <summary>Who seals keys here: the configured source, or the one that stands behind "auto"; null if that is not known.</summary>
    public TrustSource? Source { get; init; }

    /// <summary>
    /// Whose root key a new key on two levels will be under; looked for only if there is no record yet. Null: a new root key.
    /// </summary>
    public SharedRoot? SharedRoot { get; init; }

    /// <summary>
    /// For a plan of several volumes: whose root key it will be, if that volume's own first boot comes before; null if nothing is
    /// known beyond <see cref="SharedRoot"/>.
    /// </summary>
    public string? RootToCome { get; init; }

    /// <summary>
    /// Handle of the parent key that the TPM lacks for a new key; looked for only if there is no record yet. Null: it is there, or
    /// none is needed.
    /// </summary>
    public uint? ParentToMake { get; init; }

    /// <summary>
    /// What a new key that is to be wrapped for a recovery key lacks here; looked for only if there is no record yet; or null.
    /// </summary>
    public (string Problem, string Remedy)? RecoveryLacking { get; init; }

    /// <summary>Who would decrypt: dm or fuse.</summary>
    public MappingKind Kind { get; init; } = MappingKind.Fuse;

    /// <summary>The mapping of this volume's name, or null.</summary>
    public MappingState? Mapping { get; init; }

    /// <summary>That mapping is open over another device than the volume's.</summary>
    public bool MapsOtherDevice { get; init; }

    /// <summary>Something that is not Sealdisk's and has this volume's name, or null.</summary>
    public string? NameTaken { get; init; }

    /// <summary>Where the mapping's block device is mounted, or null.</summary>
    public string? MountedAt { get; init; }

    /// <summary>What else is mounted at the volume's mount point, or null.</summary>
    public string? OtherMount { get; init; }

    /// <summary>Who else uses the device: a mount, a loop device, another mapping; or null.</summary>
    public string? UsedBy { get; init; }

    /// <summary>What this system lacks to map such a volume, with the remedy; or null.</summary>
    public (string Problem, string Remedy)? Lacking { get; init; }

    /// <summary>Short, since the text that a record makes of all its members stays in the binary whether it is used or not.</summary>
    public override string ToString() => nameof(Observed);
}
