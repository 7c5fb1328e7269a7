using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Sealdisk.OpTee;

namespace Sealdisk.Tests.OpTee;

public sealed class TrustedKeysTaTests
{
    private static readonly byte[] ZeroHukKey = TaKey(new byte[16]);

    public static TheoryData<string> GoldenBlobs =>
        [.. Directory.EnumerateFiles(Golden.File(""), "blob-*.hex").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [InlineData("00000000000000000000000000000000", "8b6de0e4e18bfda1b3fec3b11d34ac129973a302dc83d6ae90beb66bb390959f")]
    [InlineData("000102030405060708090a0b0c0d0e0f", "188c0561c2457ba88b4d5d42096dde223536adec3fce33a5db57cfdb18a7f3e2")]
    public void The_worked_derivations_come_out(string huk, string taKey) =>
        Assert.Equal(taKey, Convert.ToHexStringLower(TaKey(Convert.FromHexString(huk))));

    [Fact]
    public void The_key_ladder_is_HMAC_of_usage_and_uuid()
    {
        byte[] message = [3, 0, 0, 0, .. new Guid("f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c").ToByteArray()];
        Gen.Byte.Array[16, 32].Sample(huk => Assert.Equal(HMACSHA256.HashData(huk, message), TaKey(huk)), iter: 200);
    }

    [Fact]
    public void A_HUK_has_16_to_32_bytes()
    {
        foreach (var length in (int[])[0, 1, 15, 33, 64])
            Assert.Throws<ArgumentException>(() => TaKey(new byte[length]));
        for (var length = 16; length <= 32; length++)
            Assert.Equal(ZeroHukKey, TaKey(new byte[length]));
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.DeriveKey(new byte[16], new byte[31]));
    }

    [Fact]
    public void The_real_sample_opens_to_the_known_key()
    {
        var blob = Convert.FromHexString("00996c30ec9abd2e2cd7bb6a0cee30d2f0bf3c79c216bd225e874d3c01174296c6"
            + "ae3340a47ab1493412da2a33d590cd72b1c5f3979b09e6d80614d62e45724dd3");
        Assert.Equal(UnsealResult.Opened, Unseal(ZeroHukKey, blob, out var key));
        Assert.Equal("d6e55c2c50ec04bd19757b4663d0279f4cf9fd8771d755fc001e9977da84e83e", Convert.ToHexStringLower(key));
    }

    [Fact]
    public void There_are_12_golden_blobs() => Assert.Equal(12, GoldenBlobs.Count);

    [Theory]
    [MemberData(nameof(GoldenBlobs))]
    public void Every_blob_of_a_real_OP_TEE_opens_and_seals_back_to_itself(string name)
    {
        var taKey = TaKey(GoldenHuk());
        var blob = BlobText.Read(Golden.File(name));
        Assert.Equal(int.Parse(name.Split('-')[1]) + TrustedKeysTa.Overhead, blob.Length);
        Assert.Equal(UnsealResult.Opened, Unseal(taKey, blob, out var key));
        Assert.Equal(blob, Seal(taKey, blob[1..17], key));
        Assert.Equal(blob, NaiveGcm.Seal(taKey, blob[1..17], key));
        Assert.Equal(File.ReadAllText(Golden.File(name)), BlobText.Write(blob));
    }

    [Theory]
    [MemberData(nameof(GoldenBlobs))]
    public void A_flipped_bit_is_noticed_except_in_the_reserved_byte(string name)
    {
        var taKey = TaKey(GoldenHuk());
        var blob = BlobText.Read(Golden.File(name));
        Assert.Equal(UnsealResult.Opened, Unseal(taKey, blob, out var right));
        for (var bit = 0; bit < 8 * blob.Length; bit++)
        {
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
            var result = Unseal(taKey, blob, out var key);
            Assert.Equal(bit < 8 ? UnsealResult.Opened : UnsealResult.NotThisDevice, result);
            Assert.Equal(bit < 8 ? right : new byte[key.Length], key);
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [MemberData(nameof(GoldenBlobs))]
    public void A_truncated_or_lengthened_blob_does_not_open(string name)
    {
        var taKey = TaKey(GoldenHuk());
        var blob = BlobText.Read(Golden.File(name));
        for (var length = 0; length < blob.Length; length++)
            Assert.Equal(length < 34 ? UnsealResult.TooShort : UnsealResult.NotThisDevice, Unseal(taKey, blob[..length], out _));
        for (var length = blob.Length + 1; length <= 520; length++)
        {
            var longer = new byte[length];
            blob.CopyTo(longer, 0);
            Assert.Equal(length > 512 ? UnsealResult.TooLong : UnsealResult.NotThisDevice, Unseal(taKey, longer, out var key));
            Assert.All(key, value => Assert.Equal(0, value));
        }
    }

    [Theory]
    [MemberData(nameof(GoldenBlobs))]
    public void Another_HUK_opens_nothing(string name)
    {
        var blob = BlobText.Read(Golden.File(name));
        Gen.Byte.Array[16, 32].Where(huk => huk.Any(value => value != 0)).Sample(
            huk => Assert.Equal(UnsealResult.NotThisDevice, Unseal(TaKey(huk), blob, out _)), iter: 50);
        for (var bit = 0; bit < 128; bit++)
        {
            var huk = new byte[16];
            huk[bit / 8] = (byte)(1 << (bit % 8));
            Assert.Equal(UnsealResult.NotThisDevice, Unseal(TaKey(huk), blob, out _));
        }
    }

    [Fact]
    public void What_is_sealed_opens_and_is_what_the_standard_says()
    {
        var gen = Gen.Select(Gen.Byte.Array[32], Gen.Byte.Array[16], Gen.Byte.Array[1, 479]);
        gen.Sample((taKey, iv, key) =>
        {
            var blob = Seal(taKey, iv, key);
            Assert.Equal(NaiveGcm.Seal(taKey, iv, key), blob);
            Assert.Equal(UnsealResult.Opened, Unseal(taKey, blob, out var opened));
            Assert.Equal(key, opened);
        }, iter: 300);
    }

    [Fact]
    public void Every_key_size_makes_the_round_trip()
    {
        for (var size = 1; size <= 479; size++)
        {
            var key = RandomNumberGenerator.GetBytes(size);
            var blob = Seal(ZeroHukKey, RandomNumberGenerator.GetBytes(16), key);
            Assert.Equal(UnsealResult.Opened, Unseal(ZeroHukKey, blob, out var opened));
            Assert.Equal(key, opened);
        }
    }

    /// <summary>OP-TEE since 4.2.0 and the standard: the last 32 bits of the counter wrap without a carry into the other 96.</summary>
    [Fact]
    public void The_counter_wraps_within_its_32_bits()
    {
        var taKey = new byte[32];
        var key = new byte[479];
        for (byte blocks = 0; blocks < 30; blocks++)
        {
            byte[] j0 = [0x11, 0x22, .. new byte[6], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (byte)(0xff - blocks)];
            var iv = NaiveGcm.IvFor(taKey, j0);
            var blob = Seal(taKey, iv, key);
            Assert.Equal(NaiveGcm.Seal(taKey, iv, key), blob);

            // A key of zeros shows the key stream: its block number `blocks` is the encrypted counter just after the wrap.
            using var aes = Aes.Create();
            aes.Key = taKey;
            byte[] wrapped = [.. j0[..12], 0, 0, 0, 0];
            Assert.Equal(aes.EncryptEcb(wrapped, PaddingMode.None)[..15], blob[(33 + (16 * blocks))..][..15]);
        }
    }

    [Fact]
    public void Wrong_lengths_are_the_callers_fault()
    {
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.Seal(new byte[31], new byte[16], new byte[32], new byte[65]));
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.Seal(new byte[32], new byte[12], new byte[32], new byte[65]));
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.Seal(new byte[32], new byte[16], [], new byte[33]));
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.Seal(new byte[32], new byte[16], new byte[480], new byte[513]));
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.Seal(new byte[32], new byte[16], new byte[32], new byte[64]));
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.Unseal(new byte[31], new byte[65], new byte[32]));
        Assert.Throws<ArgumentException>(() => TrustedKeysTa.Unseal(new byte[32], new byte[65], new byte[33]));
    }

    [Fact]
    public void The_key_buffer_is_zeroed_whatever_the_answer()
    {
        var key = new byte[32];
        (byte[] Blob, UnsealResult Result)[] refused =
        [
            (new byte[33], UnsealResult.TooShort),
            (new byte[65], UnsealResult.NotThisDevice),
            (new byte[513], UnsealResult.TooLong),
        ];
        foreach (var (blob, result) in refused)
        {
            Array.Fill(key, (byte)0xa5);
            Assert.Equal(result, TrustedKeysTa.Unseal(ZeroHukKey, blob, key));
            Assert.Equal(new byte[32], key);
        }
    }

    /// <summary>Why BouncyCastle: OP-TEE's IV has 16 bytes, and .NET's own AES-GCM takes 12 and nothing else.</summary>
    [Fact]
    public void DotNet_cannot_open_these_blobs()
    {
        var sizes = AesGcm.NonceByteSizes;
        Assert.True(sizes.MaxSize < 16);
        using var gcm = new AesGcm(ZeroHukKey, 16);
        var blob = BlobText.Read(Golden.File("blob-32-1.hex"));
        Assert.ThrowsAny<ArgumentException>(() => gcm.Decrypt(blob.AsSpan(1, 16), blob.AsSpan(33), blob.AsSpan(17, 16), new byte[32]));
    }

    private static byte[] GoldenHuk()
    {
        var huk = new byte[HukText.MaxBytes];
        var length = HukText.Parse(Encoding.ASCII.GetBytes(File.ReadAllText(Golden.File("HUK.hex"))), huk);
        return huk[..length];
    }

    private static byte[] TaKey(byte[] huk)
    {
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(huk, taKey);
        return taKey;
    }

    private static byte[] Seal(byte[] taKey, byte[] iv, byte[] key)
    {
        var blob = new byte[key.Length + TrustedKeysTa.Overhead];
        TrustedKeysTa.Seal(taKey, iv, key, blob);
        return blob;
    }

    private static UnsealResult Unseal(byte[] taKey, byte[] blob, out byte[] key)
    {
        key = new byte[Math.Max(0, blob.Length - TrustedKeysTa.Overhead)];
        Array.Fill(key, (byte)0xa5);
        return TrustedKeysTa.Unseal(taKey, blob, key);
    }
}
