using CsCheck;
using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

public sealed class X25519Tests
{
    /// <summary>RFC 7748, section 5.2.</summary>
    [Theory]
    [InlineData(
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")]
    [InlineData(
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")]
    public void The_published_examples_come_out(string scalar, string point, string result) =>
        Assert.Equal(result, Convert.ToHexStringLower(Agree(Convert.FromHexString(scalar), Convert.FromHexString(point))));

    [Theory]
    [InlineData(1, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")]
    [InlineData(1000, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")]
    public void So_do_the_published_iterations(int times, string result)
    {
        var (k, u) = (new byte[32], new byte[32]);
        k[0] = u[0] = 9;
        for (var i = 0; i < times; i++)
            (k, u) = (Agree(k, u), k);
        Assert.Equal(result, Convert.ToHexStringLower(k));
    }

    [Fact]
    public void Two_parties_share_a_secret() => Gen.Select(Gen.Byte.Array[32], Gen.Byte.Array[32]).Sample((alice, bob) =>
    {
        var (a, b) = (new byte[32], new byte[32]);
        X25519.PublicKey(alice, a);
        X25519.PublicKey(bob, b);
        return Agree(alice, b).AsSpan().SequenceEqual(Agree(bob, a));
    }, iter: 100);

    /// <summary>Points of small order share nothing with anybody.</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    public void A_point_of_small_order_is_refused(string point) =>
        Assert.False(X25519.Agree([.. Enumerable.Range(1, 32).Select(i => (byte)i)], Convert.FromHexString(point), new byte[32]));

    [Fact]
    public void Another_implementation_says_the_same() => Gen.Select(Gen.Byte.Array[32], Gen.Byte.Array[32]).Sample((scalar, point) =>
    {
        var theirs = new byte[32];
        Org.BouncyCastle.Math.EC.Rfc7748.X25519.ScalarMult(scalar, 0, point, 0, theirs, 0);
        return Agree(scalar, point).AsSpan().SequenceEqual(theirs);
    }, iter: 500);

    /// <summary>Numbers at the edges of the field and of the limbs.</summary>
    [Fact]
    public void It_does_at_the_edges_too()
    {
        byte[][] edges =
        [
            [.. Ones(32)],
            [.. Ones(31), 127],
            [0xee, .. Ones(30), 127],
            [0xf0, .. Ones(30), 127],
            [.. new byte[31], 64],
            [2, .. new byte[31]],
        ];
        static IEnumerable<byte> Ones(int count) => Enumerable.Repeat((byte)255, count);
        foreach (var scalar in edges)
        {
            foreach (var point in edges)
            {
                var theirs = new byte[32];
                Org.BouncyCastle.Math.EC.Rfc7748.X25519.ScalarMult(scalar, 0, point, 0, theirs, 0);
                Assert.Equal(theirs, Agree(scalar, point));
            }
        }
    }

    private static byte[] Agree(byte[] scalar, byte[] point)
    {
        var result = new byte[32];
        X25519.Agree(scalar, point, result);
        return result;
    }
}
