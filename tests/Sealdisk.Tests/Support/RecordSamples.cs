using System.Globalization;
using CsCheck;
using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Support;

internal static class RecordSamples
{
    public static readonly string VectorDirectory = Path.Combine(Golden.Root, "tests", "vectors", "record");

    /// <summary>The record that tests/vectors/record/ready.hex holds.</summary>
    public static readonly VolumeRecord Ready = new()
    {
        Name = "data",
        Uuid = Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"),
        Generation = 2,
        State = VolumeState.Ready,
        Source = TrustSource.Tee,
        Key = new SealedKey.Trusted(SealedBlob.Of([.. Enumerable.Range(0, 164).Select(i => (byte)((i * 37) + 11))]))
        {
            Made = KeyCustody.Kernel,
        },
        Format = new SectorFormat
        {
            Cipher = CipherSpec.Parse("aes-xts-plain64"),
            KeySize = 64,
            Layout = new SectorLayout(4096, true, 0),
            Offset = new Sectors(2048),
            Length = new Sectors(7632896),
        },
        Filesystem = "ext4",
        FilesystemUuid = "3b1f1e9a-52b5-4f1e-8e2c-9d1f6c1f6a77",
        Chip = ChipState.Closed,
        LifeCycle = "secure boot closed, HUK fused",
        CreatedBy = "0.1.0",
    };

    public static byte[] Block(VolumeRecord record)
    {
        var block = new byte[RecordFormat.BlockSize];
        RecordFormat.Write(record, block);
        return block;
    }

    /// <summary>
    /// A vector's bytes: rows "OFFSET: HEX ..." with rows of zeros left out, 4096 bytes unless "# length:" says otherwise.
    /// </summary>
    public static (string Expected, byte[] Bytes) Vector(string path)
    {
        string? expected = null;
        var bytes = new byte[RecordFormat.BlockSize];
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("# expect: ", StringComparison.Ordinal) && expected is null)
                expected = line["# expect: ".Length..];
            else if (line.StartsWith("# length: ", StringComparison.Ordinal))
                bytes = new byte[int.Parse(line["# length: ".Length..], CultureInfo.InvariantCulture)];
            else if (line.StartsWith('#'))
                Assert.StartsWith("# note: ", line, StringComparison.Ordinal);
            else if (line.Length > 0)
                Convert.FromHexString(line[10..].Replace(" ", "", StringComparison.Ordinal))
                    .CopyTo(bytes, int.Parse(line[..8], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }

        Assert.NotNull(expected);
        return (expected, bytes);
    }

    /// <summary>Any record that can be written.</summary>
    public static readonly Gen<VolumeRecord> Any =
        from name in Gen.Char['a', 'z'].Array[1, 64].Select(letters => new string(letters))
        from uuid in Gen.Guid.Where(uuid => uuid != Guid.Empty)
        from generation in Gen.ULong[1, ulong.MaxValue]
        from state in Gen.Enum<VolumeState>()
        from boundary in Gen.ULong[0, 4096]
        from source in Gen.Enum<TrustSource>().Where(source => source != TrustSource.Auto)
        from key in Keys
        from format in Formats
        from words in Gen.Select(Word, Word.Null(), Line, Line)
        select new VolumeRecord
        {
            Name = name,
            Uuid = uuid,
            Generation = generation,
            State = state,
            Conversion = state == VolumeState.Converting
                ? new ConversionProgress(
                    boundary % 2 == 0, new Sectors(boundary), new Sectors(16), new Sectors(boundary + 8), new Sectors(24))
                : null,
            Source = source,
            Key = key,
            Format = format,
            Filesystem = words.Item1,
            FilesystemUuid = words.Item2,
            Chip = (ChipState)(boundary % 4),
            LifeCycle = words.Item3,
            CreatedBy = "0." + words.Item4,
        };

    private static Gen<SealBinding> Bindings =>
        from parts in Gen.Int[0, 63]
        from number in Gen.Int[0, 23]
        from handle in Gen.UInt
        select new SealBinding
        {
            Parent = (parts & 1) == 0 ? null : new TpmParentKey(handle, Fingerprint(number)),
            EndorsementKey = (parts & 2) == 0 ? null : Fingerprint(number + 1),
            Pcrs = (parts & 4) == 0 ? null : new PcrValues(number % 2 == 0 ? "sha256" : "sha384", [(number, Fingerprint(number).Text)]),
            PolicyKey = (parts & 8) == 0 ? null : new string('c', 64),
            Cap = (parts & 16) == 0 ? null : number,
            Counter = (parts & 32) == 0 ? null : new NvCounter(handle, handle),
        };

    private static Gen<SealedKey> Keys =>
        from bytes in Gen.Byte.Array[1, 256]
        from made in Gen.Enum<KeyCustody>()
        from binding in Bindings
        from root in Gen.Byte.Array[1, 200].Null()
        from isWrapped in Gen.Bool
        select root is null
            ? (SealedKey)new SealedKey.Trusted(SealedBlob.Of(bytes)) { Made = made, Binding = binding }
            : new SealedKey.TwoLevel(SealedBlob.Of(root), Encrypted(bytes))
            {
                Made = made,
                Binding = binding,
                Recovery = isWrapped ? Wrap(bytes.Length) : null,
            };

    private static Gen<SectorFormat> Formats =>
        from cipher in Gen.OneOf("aes-xts-plain64", "aes-cbc-essiv:sha256", "aes-cbc-plain", "aes:2-cbc-lmk", "capi:xts(aes)-plain64")
            .Where(text => CipherSpec.TryParse(text, out _, out _)).Select(CipherSpec.Parse)
        from keySize in Gen.Int[0, 2]
        from sectorSize in Gen.Int[0, 3]
        from isLarge in Gen.Bool
        from place in Gen.Select(Gen.ULong[0, 1UL << 50], Gen.ULong[0, 1UL << 50], Gen.ULong[4096, 1UL << 50])
        select new SectorFormat
        {
            Cipher = cipher,
            KeySize = cipher.KeySizes[keySize],
            Layout = new SectorLayout(512 << sectorSize, isLarge, place.Item1 / 8 * 8),
            Integrity = isLarge ? SectorFormat.NoIntegrity : "hmac(sha256)",
            Offset = new Sectors(place.Item2),
            Length = new Sectors(place.Item3),
        };

    private static RecoveryWrap? Wrap(int keySize) =>
        RecoveryWrap.TryParse("01" + Convert.ToHexStringLower(new byte[56 + keySize]), out var wrap) ? wrap : null;

    private static TpmFingerprint Fingerprint(int number) => TpmFingerprint.Parse(number.ToString("x32", CultureInfo.InvariantCulture));

    private static EncryptedKeyText Encrypted(byte[] bytes) => new(
        "default",
        $"trusted:root-{bytes.Length}",
        20 + bytes.Length,
        new byte[16],
        new byte[(20 + bytes.Length + 15) / 16 * 16],
        [.. Enumerable.Repeat(bytes[0], 32)]);

    private static Gen<string> Word => Gen.Char['!', '~'].Array[1, 40].Select(letters => new string(letters));

    private static Gen<string> Line =>
        Gen.Char[' ', '\u07FF'].Where(letter => !char.IsControl(letter)).Array[0, 100].Select(letters => new string(letters));
}
