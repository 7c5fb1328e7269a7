using System.Security.Cryptography;
using CsCheck;
using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Crypto;

/// <summary>Key agreement with OpenSSL's keys, through .NET, and a published example.</summary>
public sealed class NistCurveTests
{
    public static TheoryData<int> Sizes => [32, 48];

    /// <summary>NIST CAVP, KAS ECC CDH primitive: P-256 and P-384, count 0.</summary>
    [Theory]
    [InlineData(
        "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
        "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287",
        "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
        "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")]
    [InlineData(
        "3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
        "a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066",
        "ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a",
        "5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1")]
    public void The_published_examples_come_out(string scalar, string x, string y, string secret)
    {
        var shared = new byte[scalar.Length / 2];
        Assert.True(Curve(shared.Length).Agree(
            Convert.FromHexString(scalar), Convert.FromHexString(x), Convert.FromHexString(y), shared));
        Assert.Equal(secret, Convert.ToHexStringLower(shared));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Another_implementation_agrees(int size)
    {
        for (var i = 0; i < 20; i++)
        {
            using var theirs = ECDiffieHellman.Create(Named(size));
            var point = theirs.ExportParameters(includePrivateParameters: false).Q;
            var scalar = Scalar(size);
            var (x, y, secret) = (new byte[size], new byte[size], new byte[size]);
            Curve(size).PublicKey(scalar, x, y);
            Assert.True(Curve(size).Agree(scalar, point.X, point.Y, secret));
            using var ours = ECDiffieHellman.Create(new ECParameters { Curve = Named(size), Q = new ECPoint { X = x, Y = y } });
            Assert.Equal(theirs.DeriveRawSecretAgreement(ours.PublicKey), secret);
        }
    }

    /// <summary>Small multiples, and those next to the order, meet every special case that another formula would have.</summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_first_and_last_multiples_of_the_base_point_mirror_each_other(int size)
    {
        var order = Convert.FromHexString(size == 32
            ? "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
            : "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");
        for (byte i = 1; i < 20; i++)
        {
            var (first, last) = (new byte[size], (byte[])order.Clone());
            first[^1] = i;
            last[^1] -= i;
            var (x1, y1, x2, y2) = (new byte[size], new byte[size], new byte[size], new byte[size]);
            Curve(size).PublicKey(first, x1, y1);
            Curve(size).PublicKey(last, x2, y2);
            Assert.Equal(x1, x2);
            Assert.NotEqual(y1, y2);
        }
        Assert.False(Curve(size).IsPrivateKey(order));
        Assert.False(Curve(size).IsPrivateKey(new byte[size]));
        order[^1]--;
        Assert.True(Curve(size).IsPrivateKey(order));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_point_off_the_curve_is_refused(int size)
    {
        var (x, y) = (new byte[size], new byte[size]);
        Curve(size).PublicKey(Scalar(size), x, y);
        var secret = new byte[size];
        Assert.True(Curve(size).Agree(Scalar(size), x, y, secret));
        Gen.Int[0, 16 * size - 1].Sample(bit =>
        {
            var (otherX, otherY) = ((byte[])x.Clone(), (byte[])y.Clone());
            (bit < 8 * size ? otherX : otherY)[bit / 8 % size] ^= (byte)(1 << (bit % 8));
            return !Curve(size).Agree(Scalar(size), otherX, otherY, new byte[size]);
        }, iter: 100);
        Assert.False(Curve(size).Agree(Scalar(size), new byte[size], new byte[size], secret));
        Assert.False(Curve(size).Agree(Scalar(size), [.. Enumerable.Repeat((byte)0xff, size)], y, secret));
        Assert.False(Curve(size).Agree(Scalar(size), x.AsSpan(1), y, secret));
    }

    [Theory]
    [InlineData(2048)]
    [InlineData(3072)]
    [InlineData(4096)]
    public void What_is_encrypted_for_an_rsa_key_its_holder_decrypts(int bits)
    {
        using var theirs = RSA.Create(bits);
        var key = theirs.ExportParameters(includePrivateParameters: false);
        for (var length = 0; length <= 32; length += 8)
        {
            var (seed, message, ciphertext) = (Random(32), Random(length), new byte[bits / 8]);
            Assert.True(RsaOaep.Encrypt(key.Modulus, 65537, [], seed, message, ciphertext));
            Assert.Equal(message, theirs.Decrypt(ciphertext, RSAEncryptionPadding.OaepSHA256));
        }
    }

    [Fact]
    public void Another_implementation_encrypts_the_same_with_a_label()
    {
        using var key = RSA.Create(2048);
        var parameters = key.ExportParameters(includePrivateParameters: true);
        var (seed, ciphertext) = (Random(32), new byte[256]);
        Assert.True(RsaOaep.Encrypt(parameters.Modulus, 65537, "SECRET\0"u8, seed, "salt"u8, ciphertext));
        var theirs = new Org.BouncyCastle.Crypto.Encodings.OaepEncoding(
            new Org.BouncyCastle.Crypto.Engines.RsaEngine(),
            new Org.BouncyCastle.Crypto.Digests.Sha256Digest(),
            new Org.BouncyCastle.Crypto.Digests.Sha256Digest(),
            "SECRET\0"u8.ToArray());
        theirs.Init(false, Org.BouncyCastle.Security.DotNetUtilities.GetRsaKeyPair(parameters).Private);
        Assert.Equal("salt"u8.ToArray(), theirs.ProcessBlock(ciphertext, 0, ciphertext.Length));
    }

    [Fact]
    public void What_is_no_rsa_key_is_refused()
    {
        var (modulus, ciphertext) = (Enumerable.Repeat((byte)0xff, 256).ToArray(), new byte[256]);
        Assert.True(RsaOaep.Encrypt(modulus, 65537, [], new byte[32], [], ciphertext));
        Assert.False(RsaOaep.Encrypt(modulus, 1, [], new byte[32], [], ciphertext));
        Assert.False(RsaOaep.Encrypt(modulus, 65536, [], new byte[32], [], ciphertext));
        Assert.False(RsaOaep.Encrypt(modulus.AsSpan(0, 255), 65537, [], new byte[32], [], ciphertext));
        Assert.False(RsaOaep.Encrypt([.. modulus[..255], 0xfe], 65537, [], new byte[32], [], ciphertext));
        Assert.False(RsaOaep.Encrypt([0x7f, .. modulus[1..]], 65537, [], new byte[32], [], ciphertext));
    }

    [Fact]
    public void Another_implementation_of_cfb_says_the_same() =>
        Gen.Select(Gen.Byte.Array[16], Gen.Byte.Array[16], Gen.Byte.Array[0, 70]).Sample((key, iv, plain) =>
        {
            using var aes = Aes.Create();
            aes.Key = key;
            var padded = plain.Concat(new byte[(16 - plain.Length % 16) % 16]).ToArray();
            var theirs = aes.EncryptCfb(padded, iv, PaddingMode.None, feedbackSizeInBits: 128)[..plain.Length];
            var ours = (byte[])plain.Clone();
            AesCfb.Encrypt(key, iv, ours);
            Assert.Equal(theirs, ours);
            AesCfb.Decrypt(key, iv, ours);
            Assert.Equal(plain, ours);
        }, iter: 200);

    private static NistCurve Curve(int size) => size == 32 ? NistCurve.P256 : NistCurve.P384;

    private static ECCurve Named(int size) => size == 32 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384;

    private static byte[] Scalar(int size)
    {
        while (true)
        {
            var scalar = Random(size);
            if (Curve(size).IsPrivateKey(scalar))
                return scalar;
        }
    }

    private static byte[] Random(int length)
    {
        var bytes = new byte[length];
        RandomBytes.Fill(bytes);
        return bytes;
    }
}
