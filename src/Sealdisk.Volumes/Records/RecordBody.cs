using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// The body of a record: one <c>name=value</c> line per field, all of them, in the order of <see cref="Names"/>. Text, so
/// that a person with nothing but <c>dd</c> and <c>strings</c> can hand the sealed key to <c>keyctl</c>.
/// </summary>
internal static class RecordBody
{
    internal static readonly string[] Names =
    [
        "uuid", "state", "source", "sealed-key", "cipher", "key-size", "sector-size", "iv-large-sectors", "iv-offset", "data-offset",
        "data-length", "filesystem", "filesystem-uuid", "life-cycle", "created-by",
    ];

    /// <summary>Those, and what a key on two levels needs beside them.</summary>
    private static readonly string[] s_twoLevelNames = [.. Names, "root-key", "recovery"];

    private const ulong MaxSectors = long.MaxValue / 512; // so that bytes fit a signed 64-bit offset
    private const ulong MaxKeySize = 4096;

    internal static string[] NamesOf(uint version) => version == RecordFormat.OneLevel ? Names : s_twoLevelNames;

    internal static string StateText(VolumeState state) => state == VolumeState.Ready ? "ready" : "provisioning";

    /// <summary>Writes the lines; returns their bytes. Throws <see cref="ArgumentException"/> where they do not fit.</summary>
    public static int Write(VolumeRecord record, Span<byte> body)
    {
        var names = NamesOf(RecordFormat.VersionOf(record));
        string[] values =
        [
            record.Uuid.ToString("D"),
            StateText(record.State),
            record.Source.Text(),
            record.SealedKey,
            record.Cipher,
            Text(record.KeySize),
            Text(record.SectorSize),
            record.IvLargeSectors ? "1" : "0",
            Text(record.IvOffset),
            Text(record.DataOffset),
            Text(record.DataLength),
            record.Filesystem,
            record.FilesystemUuid ?? "",
            record.LifeCycle,
            record.CreatedBy,
            record.RootKey ?? "",
            record.Recovery ?? "",
        ];
        var text = string.Concat(names.Zip(values, (name, value) => $"{name}={value}\n"));
        return Encoding.UTF8.TryGetBytes(text, body, out var written)
            ? written
            : throw new ArgumentException($"cannot write the record: its body is longer than {body.Length} bytes");
    }

    /// <summary>Reads the lines: every field once, in order, each value in its one canonical form. Otherwise the copy is bad.</summary>
    public static CopyReading Read(ReadOnlySpan<byte> body, ulong generation, uint version)
    {
        var names = NamesOf(version);
        if (!Utf8.IsValid(body))
            return new CopyReading.Bad("the body is not UTF-8");
        var lines = Encoding.UTF8.GetString(body).Split('\n');
        if (lines.Length != names.Length + 1 || lines[^1].Length != 0)
            return new CopyReading.Bad($"the body does not have {names.Length} lines");
        for (var i = 0; i < names.Length; i++)
        {
            if (!lines[i].StartsWith(names[i] + "=", StringComparison.Ordinal))
                return new CopyReading.Bad($"line {i + 1} of the body is not {names[i]}");
            lines[i] = lines[i][(names[i].Length + 1)..];
        }

        if (!Guid.TryParseExact(lines[0], "D", out var uuid) || uuid == Guid.Empty || uuid.ToString("D") != lines[0])
            return Bad(0);
        if (lines[1] is not ("provisioning" or "ready"))
            return Bad(1);
        if (!TrustSourceText.TryParse(lines[2], out var source) || source == TrustSource.Auto)
            return Bad(2);
        if (version == RecordFormat.OneLevel ? !IsBlob(lines[3]) : EncryptedKeyText.Parse(lines[3], out _) is not { MasterType: "trusted" } text || text.ToString() != lines[3])
            return Bad(3);
        if (!IsWord(lines[4]))
            return Bad(4);
        if (!TryNumber(lines[5], MaxKeySize, out var keySize) || keySize == 0)
            return Bad(5);
        if (!TryNumber(lines[6], 4096, out var sectorSize) || sectorSize is not (512 or 1024 or 2048 or 4096))
            return Bad(6);
        if (lines[7] is not ("0" or "1"))
            return Bad(7);
        if (!TryNumber(lines[8], ulong.MaxValue, out var ivOffset))
            return Bad(8);
        if (!TryNumber(lines[9], MaxSectors, out var dataOffset))
            return Bad(9);
        if (!TryNumber(lines[10], MaxSectors - dataOffset, out var dataLength) || dataLength == 0)
            return Bad(10);
        if (!IsWord(lines[11]))
            return Bad(11);
        if (lines[12].Length > 0 && !IsWord(lines[12]))
            return Bad(12);
        if (lines[13].Any(char.IsControl))
            return Bad(13);
        if (lines[14].Length == 0 || lines[14].Any(char.IsControl))
            return Bad(14);
        if (version != RecordFormat.OneLevel && !IsBlob(lines[15]))
            return Bad(15);
        if (version != RecordFormat.OneLevel && lines[16].Length > 0 && (!IsBlob(lines[16]) || RecoveryWrap.IdOf(lines[16]) is null))
            return Bad(16);

        return new CopyReading.Valid(new VolumeRecord
        {
            Uuid = uuid,
            Generation = generation,
            State = lines[1] == "ready" ? VolumeState.Ready : VolumeState.Provisioning,
            Source = source,
            SealedKey = lines[3],
            RootKey = version == RecordFormat.OneLevel ? null : lines[15],
            Recovery = version == RecordFormat.OneLevel || lines[16].Length == 0 ? null : lines[16],
            Cipher = lines[4],
            KeySize = (int)keySize,
            SectorSize = (int)sectorSize,
            IvLargeSectors = lines[7] == "1",
            IvOffset = ivOffset,
            DataOffset = dataOffset,
            DataLength = dataLength,
            Filesystem = lines[11],
            FilesystemUuid = lines[12].Length > 0 ? lines[12] : null,
            LifeCycle = lines[13],
            CreatedBy = lines[14],
        });

        CopyReading.Bad Bad(int field) => new($"{names[field]} has an impossible value");
    }

    private static bool IsBlob(string text) => text.Length > 0 && text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit);

    /// <summary>Printable ASCII without a space.</summary>
    private static bool IsWord(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool TryNumber(string text, ulong most, out ulong number) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= most && Text(number) == text;

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
