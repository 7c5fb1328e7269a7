using System.Globalization;
using Sealdisk.Crypto;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// One line of a record's body, <c>name=value</c>. This table is the only place that knows the fields: their names, their order, how each is written, and
/// which values are possible. A value has one spelling: what does not come back as it was read is not possible.
/// </summary>
internal sealed class RecordField
{
    private const ulong MaxSectors = long.MaxValue / 512; // so that bytes fit a signed 64-bit offset
    private const int MaxKeySize = 4096;

    private readonly Func<VolumeRecord, string> _write;
    private readonly Func<RecordDraft, string, bool> _read;

    private RecordField(string name, Func<VolumeRecord, string> write, Func<RecordDraft, string, bool> read)
    {
        Name = name;
        _write = write;
        _read = read;
    }

    private delegate bool TryParser<T>(string text, out T? value);

    /// <summary>All of them, in their order.</summary>
    internal static IReadOnlyList<RecordField> All { get; } =
    [
        Word("name", record => record.Name, (draft, name) => draft.Name = name, name => VolumeName.Problem(name) is null),
        new("uuid", record => record.Uuid.ToString("D"), ReadUuid),
        Of<VolumeState>("state", VolumeStateText.TryParse, record => record.State.Text(), (draft, state) => draft.State = state),
        Optional<ConversionProgress>("converting", ConversionProgress.TryParse, record => record.Conversion, (draft, it) => draft.Conversion = it),
        Of<TrustSource>("source", TrySource, record => record.Source.Text(), (draft, source) => draft.Source = source),
        Of<KeyCustody>("key-made", KeyCustodyText.TryParse, record => record.Key.Made.Text(), (draft, custody) => draft.Made = custody),
        new("sealed-key", record => record.Key.Text, ReadSealedKey),
        Optional<SealedBlob>("root-key", SealedBlob.TryParse, record => (record.Key as SealedKey.TwoLevel)?.Root, (draft, root) => draft.Root = root),
        Optional<RecoveryWrap>(
            "recovery", RecoveryWrap.TryParse, record => (record.Key as SealedKey.TwoLevel)?.Recovery, (draft, wrap) => draft.Recovery = wrap),
        Optional<TpmParentKey>(
            "tpm-parent", TpmParentKey.TryParse, record => record.Key.Binding.Parent, (draft, it) => draft.Binding = draft.Binding with { Parent = it }),
        Optional<TpmFingerprint>(
            "endorsement-key", TpmFingerprint.TryParse, record => record.Key.Binding.EndorsementKey,
            (draft, it) => draft.Binding = draft.Binding with { EndorsementKey = it }),
        Optional<PcrValues>(
            "pcrs", PcrValues.TryParse, record => record.Key.Binding.Pcrs, (draft, it) => draft.Binding = draft.Binding with { Pcrs = it }),
        Optional<string>(
            "policy-key", TryPolicyKey, record => record.Key.Binding.PolicyKey, (draft, it) => draft.Binding = draft.Binding with { PolicyKey = it }),
        Optional<object>(
            "cap", TryPcr, record => record.Key.Binding.Cap, (draft, it) => draft.Binding = draft.Binding with { Cap = (int?)it }),
        Optional<NvCounter>(
            "counter", NvCounter.TryParse, record => record.Key.Binding.Counter, (draft, it) => draft.Binding = draft.Binding with { Counter = it }),
        Of<CipherSpec>("cipher", TryCipher, record => record.Format.Cipher.Text, (draft, cipher) => draft.Cipher = cipher),
        Number("key-size", 1, MaxKeySize, record => (ulong)record.Format.KeySize, (draft, bytes) => draft.KeySize = (int)bytes),
        Of<int>("sector-size", TrySectorSize, record => Text(record.Format.Layout.SectorSize), (draft, bytes) => draft.SectorSize = bytes),
        Of<bool>("iv-large-sectors", TryFlag, record => record.Format.Layout.IvLargeSectors ? "1" : "0", (draft, flag) => draft.IvLargeSectors = flag),
        Number("iv-offset", 0, MaxSectors, record => record.Format.IvOffset.Count, (draft, sectors) => draft.IvOffset = sectors),
        Word("integrity", record => record.Format.Integrity, (draft, word) => draft.Integrity = word, IsWord),
        Number("data-offset", 0, MaxSectors, record => record.Format.Offset.Count, (draft, sectors) => draft.DataOffset = sectors),
        Number("data-length", 1, MaxSectors, record => record.Format.Length.Count, (draft, sectors) => draft.DataLength = sectors),
        Word("filesystem", record => record.Filesystem, (draft, type) => draft.Filesystem = type, IsWord),
        Word(
            "filesystem-uuid", record => record.FilesystemUuid ?? "", (draft, uuid) => draft.FilesystemUuid = uuid.Length == 0 ? null : uuid,
            uuid => uuid.Length == 0 || IsWord(uuid)),
        Of<ChipState>("chip", ChipStateText.TryParse, record => record.Chip.Text(), (draft, state) => draft.Chip = state),
        Word("life-cycle", record => record.LifeCycle, (draft, line) => draft.LifeCycle = line, IsLine),
        Word("created-by", record => record.CreatedBy, (draft, line) => draft.CreatedBy = line, line => line.Length > 0 && IsLine(line)),
    ];

    /// <summary>What is before the <c>=</c>.</summary>
    internal string Name { get; }

    /// <summary>What is behind it.</summary>
    internal string Write(VolumeRecord record) => _write(record);

    /// <summary>Reads a value; false if it is not possible.</summary>
    internal bool Read(RecordDraft draft, string value) => _read(draft, value);

    /// <summary>A field whose value parses.</summary>
    private static RecordField Of<T>(string name, TryParser<T> parse, Func<VolumeRecord, string> write, Action<RecordDraft, T> set) =>
        new(name, write, (draft, text) =>
        {
            if (!parse(text, out var value) || value is null)
                return false;
            set(draft, value);
            return true;
        });

    /// <summary>A field that is empty if it does not apply.</summary>
    private static RecordField Optional<T>(string name, TryParser<T> parse, Func<VolumeRecord, T?> get, Action<RecordDraft, T?> set)
        where T : class =>
        new(name, record => get(record)?.ToString() ?? "", (draft, text) =>
        {
            if (text.Length == 0)
                return true;
            if (!parse(text, out var value) || value is null || value.ToString() != text)
                return false;
            set(draft, value);
            return true;
        });

    /// <summary>A field of text.</summary>
    private static RecordField Word(string name, Func<VolumeRecord, string> write, Action<RecordDraft, string> set, Func<string, bool> isPossible) =>
        new(name, write, (draft, text) =>
        {
            if (!isPossible(text))
                return false;
            set(draft, text);
            return true;
        });

    private static RecordField Number(string name, ulong least, ulong most, Func<VolumeRecord, ulong> get, Action<RecordDraft, ulong> set) =>
        new(name, record => Text(get(record)), (draft, text) =>
        {
            if (!TryNumber(text, out var number) || number < least || number > most)
                return false;
            set(draft, number);
            return true;
        });

    private static bool ReadUuid(RecordDraft draft, string text)
    {
        var isUuid = Guid.TryParseExact(text, "D", out var uuid) && uuid != Guid.Empty && uuid.ToString("D") == text;
        draft.Uuid = uuid;
        return isUuid;
    }

    /// <summary>Blob text, or the text of an encrypted key; which of the two it must be, the root key tells.</summary>
    private static bool ReadSealedKey(RecordDraft draft, string text)
    {
        if (SealedBlob.TryParse(text, out var blob))
            draft.Sealed = blob;
        else if (EncryptedKeyText.Parse(text, out _) is { MasterType: "trusted" } key)
            draft.Encrypted = key;
        return (draft.Sealed?.ToString() ?? draft.Encrypted?.ToString()) == text;
    }

    private static bool TrySource(string text, out TrustSource source) => TrustSourceText.TryParse(text, out source) && source != TrustSource.Auto;

    private static bool TryCipher(string text, out CipherSpec? cipher) => CipherSpec.TryParse(text, out cipher, out _);

    private static bool TryPolicyKey(string text, out string? hash)
    {
        hash = text;
        return HexDigits.Are(text, 64);
    }

    private static bool TryPcr(string text, out object? pcr)
    {
        var isPcr = TryNumber(text, out var number) && number < 24;
        pcr = (int)number;
        return isPcr;
    }

    private static bool TrySectorSize(string text, out int bytes)
    {
        bytes = TryNumber(text, out var number) && number is 512 or 1024 or 2048 or 4096 ? (int)number : 0;
        return bytes > 0;
    }

    private static bool TryFlag(string text, out bool flag)
    {
        flag = text == "1";
        return text is "0" or "1";
    }

    /// <summary>Printable ASCII without a space.</summary>
    private static bool IsWord(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool IsLine(string text) => !text.Any(char.IsControl);

    private static bool TryNumber(string text, out ulong number) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && Text(number) == text;

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
