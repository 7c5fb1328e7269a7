using System.Globalization;
using Sealdisk.Crypto;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// One line of a record's body, <c>name=value</c>. This table is the only place that knows the fields: their names, their order, how each
/// is written, and which values are possible. It is not generic: a parser over each type of value would be compiled for each of them.
/// </summary>
internal sealed class RecordField
{
    private const ulong MaxSectors = long.MaxValue / 512; // so that bytes fit a signed 64-bit offset
    private const int MaxKeySize = 4096;
    private const int PcrCount = 24;
    private const int UuidLength = 36; // the parser would take white space around it

    private readonly Func<VolumeRecord, string> _write;
    private readonly Func<RecordDraft, string, bool> _read;

    private RecordField(string name, Func<VolumeRecord, string> write, Func<RecordDraft, string, bool> read)
    {
        Name = name;
        _write = write;
        _read = read;
    }

    /// <summary>All of them, in their order.</summary>
    internal static IReadOnlyList<RecordField> All { get; } =
    [
        new("name", record => record.Name, (draft, text) => VolumeName.Problem(draft.Name = text) is null),
        new(
            "uuid", record => record.Uuid.ToString("D"),
            (draft, text) => text.Length == UuidLength && Guid.TryParseExact(text, "D", out draft.Uuid) && draft.Uuid != Guid.Empty),
        new("state", record => record.State.Text(), (draft, text) => VolumeStateText.TryParse(text, out draft.State)),
        Optional("converting", record => record.Conversion, (draft, text) => ConversionProgress.TryParse(text, out draft.Conversion)),
        new(
            "source", record => record.Source.Text(),
            (draft, text) => TrustSourceText.TryParse(text, out draft.Source) && draft.Source.IsSettled()),
        new("key-made", record => record.Key.Made.Text(), (draft, text) => KeyCustodyText.TryParse(text, out draft.Made)),
        new("sealed-key", record => record.Key.Text, ReadSealedKey),
        Optional("root-key", record => TwoLevel(record)?.Root, (draft, text) => SealedBlob.TryParse(text, out draft.Root)),
        Optional("recovery", record => TwoLevel(record)?.Recovery, (draft, text) => RecoveryWrap.TryParse(text, out draft.Recovery)),
        Optional("tpm-parent", record => record.Key.Binding.Parent, (draft, text) => TpmParentKey.TryParse(text, out draft.Parent)),
        Optional(
            "endorsement-key", record => record.Key.Binding.EndorsementKey,
            (draft, text) => TpmFingerprint.TryParse(text, out draft.EndorsementKey)),
        Optional("pcrs", record => record.Key.Binding.Pcrs, (draft, text) => PcrValues.TryParse(text, out draft.Pcrs)),
        Optional("policy-key", record => record.Key.Binding.PolicyKey, (draft, text) => HexDigits.Are(draft.PolicyKey = text, 64)),
        Optional("cap", record => record.Key.Binding.Cap, ReadCap),
        Optional("counter", record => record.Key.Binding.Counter, (draft, text) => NvCounter.TryParse(text, out draft.Counter)),
        new("cipher", record => record.Format.Cipher.Text, (draft, text) => CipherSpec.TryParse(text, out draft.Cipher, out _)),
        new(
            "key-size", record => Text(record.Format.KeySize),
            (draft, text) => TryNumber(text, out draft.KeySize) && draft.KeySize is >= 1 and <= MaxKeySize),
        new(
            "sector-size", record => Text(record.Format.Layout.SectorSize),
            (draft, text) => TryNumber(text, out draft.SectorSize) && draft.SectorSize is 512 or 1024 or 2048 or 4096),
        new("iv-large-sectors", record => record.Format.Layout.IvLargeSectors ? "1" : "0", ReadIvLargeSectors),
        new("iv-offset", record => Text(record.Format.IvOffset.Count), (draft, text) => TrySectors(text, out draft.IvOffset)),
        new("integrity", record => record.Format.Integrity, (draft, text) => IsWord(draft.Integrity = text)),
        new("data-offset", record => Text(record.Format.Offset.Count), (draft, text) => TrySectors(text, out draft.DataOffset)),
        new(
            "data-length", record => Text(record.Format.Length.Count),
            (draft, text) => TrySectors(text, out draft.DataLength) && draft.DataLength > 0),
        new("filesystem", record => record.Filesystem, (draft, text) => IsWord(draft.Filesystem = text)),
        Optional("filesystem-uuid", record => record.FilesystemUuid, (draft, text) => IsWord(draft.FilesystemUuid = text)),
        new("chip", record => record.Chip.Text(), (draft, text) => ChipStateText.TryParse(text, out draft.Chip)),
        new("life-cycle", record => record.LifeCycle, (draft, text) => IsLine(draft.LifeCycle = text)),
        new("created-by", record => record.CreatedBy, (draft, text) => text.Length > 0 && IsLine(draft.CreatedBy = text)),
    ];

    /// <summary>What is before the <c>=</c>.</summary>
    internal string Name { get; }

    /// <summary>What is behind it.</summary>
    internal string Write(VolumeRecord record) => _write(record);

    /// <summary>
    /// Reads a value; false if it is not possible. Some are read in more than one spelling here: the reader of the body refuses those that
    /// would not be written as they were read.
    /// </summary>
    internal bool Read(RecordDraft draft, string value) => _read(draft, value);

    /// <summary>A field that is empty if it does not apply.</summary>
    private static RecordField Optional(string name, Func<VolumeRecord, object?> get, Func<RecordDraft, string, bool> read) =>
        new(name, record => get(record)?.ToString() ?? "", (draft, text) => text.Length == 0 || read(draft, text));

    private static SealedKey.TwoLevel? TwoLevel(VolumeRecord record) => record.Key as SealedKey.TwoLevel;

    /// <summary>Blob text, or the text of an encrypted key; which of the two it must be, the root key tells.</summary>
    private static bool ReadSealedKey(RecordDraft draft, string text)
    {
        if (SealedBlob.TryParse(text, out draft.Sealed))
            return true;
        draft.Encrypted = EncryptedKeyText.Parse(text, out _);
        return draft.Encrypted is { MasterType: "trusted" };
    }

    private static bool ReadCap(RecordDraft draft, string text)
    {
        var isPcr = TryNumber(text, out var pcr) && pcr < PcrCount;
        draft.Cap = pcr;
        return isPcr;
    }

    private static bool ReadIvLargeSectors(RecordDraft draft, string text)
    {
        draft.IvLargeSectors = text == "1";
        return text is "0" or "1";
    }

    /// <summary>Printable ASCII without a space.</summary>
    private static bool IsWord(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool IsLine(string text) => !text.Any(char.IsControl);

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static bool TrySectors(string text, out ulong sectors) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out sectors) && sectors <= MaxSectors;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
