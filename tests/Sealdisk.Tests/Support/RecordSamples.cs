using System.Globalization;
using CsCheck;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Support;

internal static class RecordSamples
{
    public static readonly string VectorDirectory = Path.Combine(Golden.Root, "tests", "vectors", "record");

    /// <summary>The record that tests/vectors/record/ready.hex holds.</summary>
    public static readonly VolumeRecord Ready = new()
    {
        Uuid = Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"),
        Generation = 2,
        State = VolumeState.Ready,
        Source = TrustSource.Tee,
        SealedKey = Convert.ToHexStringLower([.. Enumerable.Range(0, 164).Select(i => (byte)((i * 37) + 11))]),
        Cipher = "aes-xts-plain64",
        KeySize = 64,
        SectorSize = 4096,
        IvLargeSectors = true,
        IvOffset = 0,
        DataOffset = 2048,
        DataLength = 7632896,
        Filesystem = "ext4",
        FilesystemUuid = "3b1f1e9a-52b5-4f1e-8e2c-9d1f6c1f6a77",
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
        from bytes in Gen.Byte.Array[1, 512]
        from uuid in Gen.Guid.Where(uuid => uuid != Guid.Empty)
        from generation in Gen.ULong[1, ulong.MaxValue]
        from state in Gen.Enum<VolumeState>()
        from source in Gen.Enum<TrustSource>().Where(source => source != TrustSource.Auto)
        from sizes in Gen.Select(Gen.Int[1, 4096], Gen.Int[0, 3], Gen.Bool)
        from place in Gen.Select(Gen.ULong, Gen.ULong[0, 1UL << 50], Gen.ULong[1, 1UL << 50])
        from words in Gen.Select(Word, Word, Word.Null(), Line, Line)
        from root in Gen.Byte.Array[1, 200].Select(Convert.ToHexStringLower).Null()
        select new VolumeRecord
        {
            Uuid = uuid,
            Generation = generation,
            State = state,
            Source = source,
            SealedKey = root is null ? Convert.ToHexStringLower(bytes) : EncryptedText(bytes),
            RootKey = root,
            Recovery = root is null || sizes.Item3 ? null : "01" + Convert.ToHexStringLower(new byte[56 + bytes.Length]),
            Cipher = words.Item1,
            KeySize = sizes.Item1,
            SectorSize = 512 << sizes.Item2,
            IvLargeSectors = sizes.Item3,
            IvOffset = place.Item1,
            DataOffset = place.Item2,
            DataLength = place.Item3,
            Filesystem = words.Item2,
            FilesystemUuid = words.Item3,
            LifeCycle = words.Item4,
            CreatedBy = "0." + words.Item5,
        };

    private static string EncryptedText(byte[] bytes) => new Sealdisk.Volumes.Keys.EncryptedKeyText(
        "default",
        $"trusted:root-{bytes.Length}",
        20 + bytes.Length,
        new byte[16],
        new byte[(20 + bytes.Length + 15) / 16 * 16],
        [.. Enumerable.Repeat(bytes[0], 32)]).ToString();

    private static Gen<string> Word => Gen.Char['!', '~'].Array[1, 40].Select(letters => new string(letters));

    private static Gen<string> Line =>
        Gen.Char[' ', '\u07FF'].Where(letter => !char.IsControl(letter)).Array[0, 100].Select(letters => new string(letters));
}
