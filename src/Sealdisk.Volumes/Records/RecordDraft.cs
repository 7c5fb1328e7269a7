using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// A record while its lines are read, each of which has been found possible by itself. Fields, so that parsers can write to them.
/// </summary>
internal sealed class RecordDraft
{
    // So that sector numbers with the IV's offset stay below those that the record's seal is made with (docs/record-format.md).
    private const ulong IvLimit = 1UL << 54;

    internal string Name = "";
    internal Guid Uuid;
    internal VolumeState State;
    internal ConversionProgress? Conversion;
    internal TrustSource Source;
    internal KeyCustody Made;
    internal SealedBlob? Sealed;
    internal EncryptedKeyText? Encrypted;
    internal SealedBlob? Root;
    internal RecoveryWrap? Recovery;
    internal TpmParentKey? Parent;
    internal TpmFingerprint? EndorsementKey;
    internal PcrValues? Pcrs;
    internal string? PolicyKey;
    internal int? Cap;
    internal NvCounter? Counter;
    internal CipherSpec? Cipher;
    internal int KeySize;
    internal int SectorSize;
    internal bool IvLargeSectors;
    internal ulong IvOffset;
    internal string Integrity = SectorFormat.NoIntegrity;
    internal ulong DataOffset;
    internal ulong DataLength;
    internal string Filesystem = "";
    internal string? FilesystemUuid;
    internal ChipState Chip;
    internal string LifeCycle = "";
    internal string CreatedBy = "";

    /// <summary>The record; or the name of a field whose value is not possible with the others.</summary>
    internal (VolumeRecord? Record, string? Impossible) Build(ulong generation)
    {
        var layout = new SectorLayout(SectorSize, IvLargeSectors, IvOffset);
        if (Key() is not { } key)
            return (null, "sealed-key");
        if (Root is null && Recovery is not null)
            return (null, "recovery");
        if ((State == VolumeState.Converting) != Conversion is not null || Conversion?.Boundary.Count > DataLength)
            return (null, "converting");
        if (!Cipher!.AcceptsKeySize(KeySize))
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
        (null, { } blob, null) => new SealedKey.Trusted(blob) { Made = Made, Binding = Binding() },
        ({ } root, null, { } key) => new SealedKey.TwoLevel(root, key) { Made = Made, Binding = Binding(), Recovery = Recovery },
        _ => null,
    };

    private SealBinding Binding() => new()
    {
        Parent = Parent,
        EndorsementKey = EndorsementKey,
        Pcrs = Pcrs,
        PolicyKey = PolicyKey,
        Cap = Cap,
        Counter = Counter,
    };
}
