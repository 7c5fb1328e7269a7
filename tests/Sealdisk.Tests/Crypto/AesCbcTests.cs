using System.Security.Cryptography;
using CsCheck;
using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

public sealed class AesCbcTests
{
    /// <summary>NIST SP 800-38A, F.2.5 and F.2.6, on every path that this processor has.</summary>
    [Fact]
    public void The_published_example_comes_out()
    {
        var key = Convert.FromHexString("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        var iv = Convert.FromHexString("000102030405060708090a0b0c0d0e0f");
        var plain = Convert.FromHexString(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
            + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
        const string cipher = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
            + "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b";
        foreach (var path in AesPaths.Available)
        {
            var data = (byte[])plain.Clone();
            AesCbc.Run(key, iv, data, encrypt: true, path);
            Assert.Equal(cipher, Convert.ToHexStringLower(data));
            AesCbc.Run(key, iv, data, encrypt: false, path);
            Assert.Equal(plain, data);
        }
    }

    [Fact]
    public void Keys_of_16_and_24_bytes_work_as_well()
    {
        foreach (var path in AesPaths.Available)
        {
            foreach (var size in (int[])[16, 24])
            {
                var key = Enumerable.Range(0, size).Select(i => (byte)i).ToArray();
                var data = Convert.FromHexString("00112233445566778899aabbccddeeff");
                AesCbc.Run(key, new byte[16], data, encrypt: true, path);
                var published = size == 16 ? "69c4e0d86a7b0430d8cdb78070b4c55a" : "dda97ca4864cdfe06eaf70a0ec0d7191"; // FIPS-197 C.1, C.2
                Assert.Equal(published, Convert.ToHexStringLower(data));
                AesCbc.Run(key, new byte[16], data, encrypt: false, path);
                Assert.Equal("00112233445566778899aabbccddeeff", Convert.ToHexStringLower(data));
            }
        }
    }

    [Fact]
    public void Wrong_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => AesCbc.Encrypt(new byte[20], new byte[16], new byte[16]));
        Assert.Throws<ArgumentException>(() => AesCbc.Encrypt(new byte[32], new byte[12], new byte[16]));
        Assert.Throws<ArgumentException>(() => AesCbc.Decrypt(new byte[32], new byte[16], new byte[17]));
    }

    [Fact]
    public void The_MAC_is_that_of_the_framework() => Gen.Select(Gen.Byte.Array[0, 64], Gen.Byte.Array[0, 5000]).Sample((key, message) =>
    {
        var mac = new byte[32];
        HmacSha256.Compute(key, message, mac);
        return mac.AsSpan().SequenceEqual(HMACSHA256.HashData(key, message));
    }, iter: 300);
}
