using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

/// <summary>Tags against a bit-by-bit GCM that shares nothing with the product, on every path that this CPU has.</summary>
public sealed class GcmTests
{
    public static TheoryData<int, bool> Paths
    {
        get
        {
            var paths = new TheoryData<int, bool>();
            foreach (var path in AesPaths.Available)
            {
                paths.Add((int)path, false);
                if (Ghash.HasCarryless)
                    paths.Add((int)path, true);
            }
            return paths;
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Right_tags_are_right_and_every_altered_byte_is_noticed(int path, bool carryless)
    {
        using var tag = new Gcm((AesPath)path, carryless);
        var random = new Random(17 + path);
        foreach (var length in new[] { 1, 15, 16, 17, 32, 33, 48, 64, 96, 127, 128, 129, 255, 479 })
        {
            var (key, iv, plain) = (Bytes(random, 32), Bytes(random, 16), Bytes(random, length));
            var blob = NaiveGcm.Seal(key, iv, plain);
            tag.SetKey(key);
            var text = plain.ToArray();
            tag.Transform(iv, text);
            Assert.Equal(blob[33..], text);
            var computed = new byte[16];
            tag.ComputeTag(iv, text, computed);
            Assert.Equal(blob[17..33], computed);
            tag.Transform(iv, text);
            Assert.Equal(plain, text);
            Assert.True(tag.Verify(blob.AsSpan(1, 16), blob.AsSpan(33), blob.AsSpan(17, 16)));
            for (var at = 1; at < blob.Length; at++)
            {
                var flipped = (byte)(1 << random.Next(8));
                blob[at] ^= flipped;
                Assert.False(tag.Verify(blob.AsSpan(1, 16), blob.AsSpan(33), blob.AsSpan(17, 16)), $"byte {at} of {blob.Length}");
                blob[at] ^= flipped;
            }
            tag.SetKey(Bytes(random, 32));
            Assert.False(tag.Verify(blob.AsSpan(1, 16), blob.AsSpan(33), blob.AsSpan(17, 16)));
        }
    }

    [Fact]
    public void A_disposed_one_holds_nothing_of_its_key()
    {
        var tag = new Gcm();
        var key = Bytes(new Random(3), 32);
        var blob = NaiveGcm.Seal(key, Bytes(new Random(4), 16), [1, 2, 3]);
        tag.SetKey(key);
        tag.Dispose();
        Assert.False(tag.Verify(blob.AsSpan(1, 16), blob.AsSpan(33), blob.AsSpan(17, 16)));
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
