using Sealdisk.DataPath;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// What is known of a volume beyond its encrypted sectors: everything that a later boot needs, and nothing secret. The format on the
/// medium is <see cref="RecordFormat"/>, byte for byte in docs/record-format.md.
/// </summary>
public sealed record VolumeRecord
{
    /// <summary>The volume's name in the configuration.</summary>
    public required string Name { get; init; }

    /// <summary>The volume's own UUID, made at its first boot; never the nil UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>Counts the writes of this record from 1; the higher of two copies is the newer.</summary>
    public required ulong Generation { get; init; }

    /// <summary>How far its first boot has come.</summary>
    public required VolumeState State { get; init; }

    /// <summary>How far its conversion has come; null unless it is <see cref="VolumeState.Converting"/>.</summary>
    public ConversionProgress? Conversion { get; init; }

    /// <summary>Who sealed the key; never <c>auto</c>.</summary>
    public required TrustSource Source { get; init; }

    /// <summary>The sealed key.</summary>
    public required SealedKey Key { get; init; }

    /// <summary>How the sectors are encrypted, and where they are.</summary>
    public required SectorFormat Format { get; init; }

    /// <summary>Type of the filesystem inside, such as <c>ext4</c>.</summary>
    public required string Filesystem { get; init; }

    /// <summary>The filesystem's UUID in blkid's spelling; null until it is made.</summary>
    public required string? FilesystemUuid { get; init; }

    /// <summary>What was known of the chip's life cycle when the key was sealed.</summary>
    public required ChipState Chip { get; init; }

    /// <summary>
    /// What was known of the chip's life cycle, in free words on one line; may be empty. For people only: nothing decides by it.
    /// </summary>
    public required string LifeCycle { get; init; }

    /// <summary>The Sealdisk version that wrote this generation.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>Its lines, as the body has them.</summary>
    public override string ToString() => string.Join('\n', RecordFormat.Lines(this));
}
