using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// What is known of a volume beyond its encrypted sectors: everything that a later boot needs, and nothing secret. The
/// format on the medium is <see cref="RecordFormat"/>, byte for byte in docs/record-format.md.
/// </summary>
public sealed record VolumeRecord
{
    /// <summary>The volume's own UUID, made at its first boot; never the nil UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>Counts the writes of this record from 1; the higher of two copies is the newer.</summary>
    public required ulong Generation { get; init; }

    /// <summary>How far the first boot came.</summary>
    public required VolumeState State { get; init; }

    /// <summary>Who sealed the key; never <see cref="TrustSource.Auto"/>.</summary>
    public required TrustSource Source { get; init; }

    /// <summary>The sealed key as <c>keyctl pipe</c> prints it: hex text; with a <see cref="RootKey"/>, the text of a key of type <c>encrypted</c>.</summary>
    public required string SealedKey { get; init; }

    /// <summary>The root key, sealed by the trust source, that the key is encrypted under, as hex text; null where the source seals the key itself.</summary>
    public string? RootKey { get; init; }

    /// <summary>With a root key, the key once more, wrapped for a recovery key as docs/recovery.md has it, as hex text; or null.</summary>
    public string? Recovery { get; init; }

    /// <summary>Which recovery key that is, such as <c>5f0c11d25f0c11d2</c>; or null.</summary>
    public string? RecoveryKeyId => Recovery is null ? null : RecoveryWrap.IdOf(Recovery);

    /// <summary>What the trust source has sealed: the root key where there is one, else the key.</summary>
    public string Blob => RootKey ?? SealedKey;

    /// <summary>What the kernel knows the root key by, such as <c>sealdisk:root-5f0c11d2</c>: volumes with one root key have one name for it. Null without a root key.</summary>
    public string? RootKeyName => RootKey is null ? null : TwoLevelKey.Read(SealedKey).MasterDescription;

    /// <summary>Whether the key is on two levels.</summary>
    public KeyKind Key => RootKey is null ? KeyKind.Trusted : KeyKind.Encrypted;

    /// <summary>The dm-crypt cipher specification.</summary>
    public required string Cipher { get; init; }

    /// <summary>Bytes of key.</summary>
    public required int KeySize { get; init; }

    /// <summary>Bytes per encryption sector: 512, 1024, 2048 or 4096.</summary>
    public required int SectorSize { get; init; }

    /// <summary>The IV counts encryption sectors rather than 512-byte sectors.</summary>
    public required bool IvLargeSectors { get; init; }

    /// <summary>Added to the sector number for the IV, in 512-byte sectors.</summary>
    public required ulong IvOffset { get; init; }

    /// <summary>Where the encrypted data begins on the device, in 512-byte sectors.</summary>
    public required ulong DataOffset { get; init; }

    /// <summary>Length of the encrypted data in 512-byte sectors; at least 1.</summary>
    public required ulong DataLength { get; init; }

    /// <summary>Type of the filesystem inside, such as <c>ext4</c>.</summary>
    public required string Filesystem { get; init; }

    /// <summary>The filesystem's UUID in blkid's spelling; null until it is made.</summary>
    public required string? FilesystemUuid { get; init; }

    /// <summary>What was known of the chip's life cycle when the key was sealed, in free words on one line; may be empty.</summary>
    public required string LifeCycle { get; init; }

    /// <summary>The Sealdisk version that wrote this generation.</summary>
    public required string CreatedBy { get; init; }
}
