using Sealdisk.Crypto;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>
/// One volume as configured. An instance that came from <see cref="SealdiskConfiguration"/> holds no impossible
/// combination, so nothing downstream checks these values again; what only the device or the kernel can tell (physical
/// sector size, which source <c>auto</c> is) is still open.
/// Paths are absolute, without <c>..</c>, repeated or trailing slashes.
/// </summary>
public sealed record VolumeSpec
{
    /// <summary>Names the volume, its dm device and its directory below /run/sealdisk.</summary>
    public required string Name { get; init; }

    /// <summary>Block device or image file.</summary>
    public required string Device { get; init; }

    /// <summary>Bytes an absent image file is created with; a multiple of 4096. Null if not given.</summary>
    public required long? Size { get; init; }

    /// <summary>The detached record; null if the record is in the device's header.</summary>
    public required string? RecordFile { get; init; }

    /// <summary>Who seals the key.</summary>
    public required TrustSource Source { get; init; }

    /// <summary>What seals the key: the source itself, or a root key that it seals.</summary>
    public KeyKind Key { get; init; }

    /// <summary>
    /// With <see cref="KeyKind.Encrypted"/>, the public half of the recovery key that the key is wrapped for too; null for none.
    /// </summary>
    public byte[]? Recovery { get; init; }

    /// <summary>
    /// With <see cref="KeyKind.Encrypted"/>, the other volumes that may have the root key already: those of the same source, in the order
    /// of the file.
    /// </summary>
    public IReadOnlyList<RecordPlace> RootVolumes { get; init; } = [];

    /// <summary>The sector cipher.</summary>
    public required CipherSpec Cipher { get; init; }

    /// <summary>
    /// Bytes of key; possible for the cipher, and 32 to 128 for a kernel source that seals it itself, 20 to 4096 on two levels.
    /// </summary>
    public required int KeySize { get; init; }

    /// <summary>Bytes per encryption sector: 512, 1024, 2048 or 4096. Null: the device's physical sector size, at most 4096.</summary>
    public required int? SectorSize { get; init; }

    /// <summary>The IV counts encryption sectors rather than 512-byte sectors. Never true with a <see cref="SectorSize"/> of 512.</summary>
    public required bool IvLargeSectors { get; init; }

    /// <summary>What a first boot makes on it.</summary>
    public required FilesystemType Filesystem { get; init; }

    /// <summary>The mount point; null: <c>up</c> ends with the mapping and its filesystem.</summary>
    public required string? Mount { get; init; }

    /// <summary>How it is mounted; none without a mount point.</summary>
    public required MountOptions MountOptions { get; init; }

    /// <summary>Who decrypts. Never <see cref="MappingKind.Fuse"/> with a kernel source.</summary>
    public required MappingKind Mapping { get; init; }

    /// <summary>What a first boot may overwrite.</summary>
    public required FirstBoot FirstBoot { get; init; }

    /// <summary>Checks of the device audit that must be met before a key is sealed, by id; empty for none.</summary>
    public IReadOnlyList<string> Require { get; init; } = [];

    /// <summary>Pass discards through to the device.</summary>
    public required bool Discard { get; init; }

    /// <summary>How dm-crypt schedules its work; all off with <see cref="MappingKind.Fuse"/>.</summary>
    public CryptOptions CryptOptions { get; init; } = CryptOptions.None;

    /// <summary>File of the soft source's HUK; null for every other source.</summary>
    public required string? Huk { get; init; }

    /// <summary>How a TPM seals, if one does.</summary>
    public TpmSettings Tpm { get; init; } = TpmSettings.Default;

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>Where another volume's record is.</summary>
/// <param name="Volume">Its name.</param>
/// <param name="Device">Its device.</param>
/// <param name="RecordFile">Its detached record; null if the record is in the device's header.</param>
public sealed record RecordPlace(string Volume, string Device, string? RecordFile);
