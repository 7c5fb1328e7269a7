using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Records;

/// <summary>A record while its lines are read, each of which has been found possible by itself.</summary>
internal sealed class RecordDraft
{
    // So that sector numbers with the IV's offset stay below those that the record's seal is made with (docs/record-format.md).
    private const ulong IvLimit = 1UL << 54;

    internal string Name { get; set; } = "";

    internal Guid Uuid { get; set; }

    internal VolumeState State { get; set; }

    internal ConversionProgress? Conversion { get; set; }

    internal TrustSource Source { get; set; }

    internal KeyCustody Made { get; set; }

    internal SealedBlob? Sealed { get; set; }

    internal EncryptedKeyText? Encrypted { get; set; }

    internal SealedBlob? Root { get; set; }

    internal RecoveryWrap? Recovery { get; set; }

    internal SealBinding Binding { get; set; } = SealBinding.None;

    internal CipherSpec Cipher { get; set; } = null!;

    internal int KeySize { get; set; }

    internal int SectorSize { get; set; }

    internal bool IvLargeSectors { get; set; }

    internal ulong IvOffset { get; set; }

    internal string Integrity { get; set; } = SectorFormat.NoIntegrity;

    internal ulong DataOffset { get; set; }

    internal ulong DataLength { get; set; }

    internal string Filesystem { get; set; } = "";

    internal string? FilesystemUuid { get; set; }

    internal ChipState Chip { get; set; }

    internal string LifeCycle { get; set; } = "";

    internal string CreatedBy { get; set; } = "";

    /// <summary>The record; or the name of a field whose value is not possible beside the others.</summary>
    internal (VolumeRecord? Record, string? Impossible) Build(ulong generation)
    {
        var layout = new SectorLayout(SectorSize, IvLargeSectors, IvOffset);
        if (Key() is not { } key)
            return (null, "sealed-key");
        if (Root is null && Recovery is not null)
            return (null, "recovery");
        if ((State == VolumeState.Converting) != Conversion is not null || Conversion?.Boundary.Count > DataLength)
            return (null, "converting");
        if (!Cipher.AcceptsKeySize(KeySize))
            return (null, "key-size");
        if (layout.Problem() is not null || IvOffset + DataLength >= IvLimit)
            return (null, "iv-offset");
        if (DataOffset + DataLength >= IvLimit)
            return (null, "data-length");
        return (new VolumeRecord
        {
            Name = Name,
            Uuid = Uuid,
            Generation = generation,
            State = State,
            Conversion = Conversion,
            Source = Source,
            Key = key,
            Format = new SectorFormat
            {
                Cipher = Cipher,
                KeySize = KeySize,
                Layout = layout,
                Integrity = Integrity,
                Offset = new Sectors(DataOffset),
                Length = new Sectors(DataLength),
            },
            Filesystem = Filesystem,
            FilesystemUuid = FilesystemUuid,
            Chip = Chip,
            LifeCycle = LifeCycle,
            CreatedBy = CreatedBy,
        }, null);
    }

    private SealedKey? Key() => (Root, Sealed, Encrypted) switch
    {
        (null, { } blob, null) => new SealedKey.Trusted(blob) { Made = Made, Binding = Binding },
        ({ } root, null, { } key) => new SealedKey.TwoLevel(root, key) { Made = Made, Binding = Binding, Recovery = Recovery },
        _ => null,
    };
}
