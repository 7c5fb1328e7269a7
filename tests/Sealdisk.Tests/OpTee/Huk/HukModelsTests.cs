using System.Security.Cryptography;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Tests.OpTee.Huk;

/// <summary>Each model a second time, over .NET's own cryptography, and the two values that are known from elsewhere.</summary>
public sealed class HukModelsTests
{
    private static readonly byte[] Otp = Counting(16, 0x40);
    private static readonly byte[] Key = Counting(32, 0x80);

    [Fact]
    public void Stm32mp15_is_its_fuse_words()
    {
        var huk = new byte[16];
        HukModels.Stm32Mp15Key(Otp, huk);
        Assert.Equal(Otp, huk);
    }

    [Fact]
    public void Stm32mp15_from_the_uid_is_what_gcm_encrypts()
    {
        var uid = Counting(12, 0x11);
        var huk = new byte[16];
        HukModels.Stm32Mp15Uid(Otp, uid, huk);
        Assert.Equal(Gcm(Otp, [0x55, .. new byte[11]], [.. uid, 0, 0, 0, 0], []), huk);
    }

    [Fact]
    public void Zynqmp_development_is_a_digest_of_the_dna()
    {
        var dna = Counting(12, 0x21);
        var huk = new byte[32];
        HukModels.ZynqMpDevelopment(dna, huk);
        Assert.Equal(SHA256.HashData(dna), huk);
        var half = new byte[16];
        HukModels.ZynqMpDevelopment(dna, half);
        Assert.Equal(huk[..16], half);
    }

    [Fact]
    public void Zynqmp_production_encrypts_the_digest_of_dna_and_user_fuses()
    {
        var (dna, fuses) = (Counting(12, 0x21), Counting(8, 0x31));
        var huk = new byte[16];
        HukModels.ZynqMpProduction(Key, dna, fuses, huk);
        Assert.Equal(Gcm(Key, dna, SHA256.HashData([.. dna, .. fuses])[..16], []), huk);
    }

    [Fact]
    public void Versal_hashes_the_ciphertext_of_the_digest()
    {
        if (!SHA3_384.IsSupported)
            Assert.Skip("needs an OpenSSL with SHA-3 as the judge");
        var dna = Counting(16, 0x51);
        var huk = new byte[16];
        HukModels.Versal(HukModels.VersalDevelopmentKey, dna, huk);
        var cipher = Gcm(
            Convert.FromHexString("f878b838d8589818e868a828c8488808f070b030d0509010e060a020c0408000"),
            Convert.FromHexString("d2450e07ea5de0426c0fa133"),
            SHA3_384.HashData(dna), Convert.FromHexString("67e21cf3cb29e0dcbc4d8b1d0cc5334b"));
        Assert.Equal(SHA256.HashData([.. cipher, .. new byte[16]])[..16], huk);
    }

    [Fact]
    public void Versal_gen_2_hashes_a_label_and_a_value()
    {
        var huk = new byte[16];
        HukModels.VersalGen2(Key, huk);
        Assert.Equal(SHA256.HashData([.. "AMD-ASU-HUK"u8, .. Key])[..16], huk);
    }

    [Fact]
    public void A_dcp_without_key_gives_the_known_constant()
    {
        var huk = new byte[16];
        HukModels.Dcp(new byte[16], huk);
        Assert.Equal("11474A5A5C78EF24224DA96237EBBD3D", Convert.ToHexString(huk));
    }

    [Fact]
    public void Npcm_hashes_its_bytes()
    {
        var huk = new byte[16];
        HukModels.Npcm([1, 2, 3, 4, 5], huk);
        Assert.Equal(SHA256.HashData([1, 2, 3, 4, 5])[..16], huk);
        Assert.Throws<ArgumentException>(() => HukModels.Npcm(new byte[6], huk));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(0)]
    public void A_wrong_length_is_an_error(int length) =>
        Assert.Throws<ArgumentException>(() => HukModels.Stm32Mp15Key(new byte[length], new byte[16]));

    private static byte[] Gcm(byte[] key, byte[] nonce, byte[] text, byte[] additional)
    {
        using var gcm = new AesGcm(key, 16);
        var cipher = new byte[text.Length];
        gcm.Encrypt(nonce, text, cipher, new byte[16], additional);
        return cipher;
    }

    private static byte[] Counting(int length, byte first) => [.. Enumerable.Range(first, length).Select(value => (byte)value)];
}
