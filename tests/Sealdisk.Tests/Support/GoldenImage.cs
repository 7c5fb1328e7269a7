using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;
using Sealdisk.Crypto;

namespace Sealdisk.Tests.Support;

/// <summary>One line of tests/golden/manifest.txt: the first 64 KiB of a disk that a real dm-crypt encrypted.</summary>
internal sealed record GoldenImage(string Name, string KeyType, string KeyName, string Table)
{
    /// <summary>The key that OP-TEE derives for its trusted keys application from a hardware unique key of zeros.</summary>
    private static readonly byte[] SealingKey = Convert.FromHexString("8b6de0e4e18bfda1b3fec3b11d34ac129973a302dc83d6ae90beb66bb390959f");

    public static IReadOnlyList<GoldenImage> All { get; } =
    [
        .. File.ReadAllLines(Golden.File("manifest.txt"))
            .Select(line => line.Split('|'))
            .Select(field => new GoldenImage(field[0], field[1], field[2], field[4])),
    ];

    private string[] Words => Table.Split(' ');

    public string Cipher => Words[3];

    public SectorLayout Layout
    {
        get
        {
            var size = Words.FirstOrDefault(word => word.StartsWith("sector_size:", StringComparison.Ordinal));
            var bytes = size is null ? 512 : int.Parse(size.Split(':')[1]);
            return new SectorLayout(bytes, Words.Contains("iv_large_sectors"), ulong.Parse(Words[5]));
        }
    }

    public byte[] Ciphertext => File.ReadAllBytes(Golden.File(Name + ".64k"));

    /// <summary>Unseals the key from its blob: 00, IV of 16 bytes, tag of 16 bytes, ciphertext.</summary>
    public byte[] Key
    {
        get
        {
            var blob = Convert.FromHexString(File.ReadAllText(Golden.File($"blob-{KeyName[1..]}.hex")).Trim());
            var gcm = new GcmBlockCipher(new AesEngine());
            gcm.Init(false, new AeadParameters(new KeyParameter(SealingKey), 128, blob[1..17]));
            byte[] sealed_ = [.. blob[33..], .. blob[17..33]];
            var key = new byte[gcm.GetOutputSize(sealed_.Length)];
            gcm.DoFinal(key, gcm.ProcessBytes(sealed_, 0, sealed_.Length, key, 0));
            return key;
        }
    }

    /// <summary>What was written to every mapping: each 512-byte sector begins with its number.</summary>
    public static byte[] Plaintext
    {
        get
        {
            var text = new byte[65536];
            for (var n = 0; n < 128; n++)
            {
                for (var j = 0; j < 512; j++)
                    text[(512 * n) + j] = j < 8 ? (byte)((ulong)n >> (8 * j)) : (byte)((n * 7) + ((n >> 8) * 3) + (j * 13) + (j >> 4));
            }
            return text;
        }
    }
}
