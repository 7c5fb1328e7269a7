using CsCheck;
using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

public sealed class SectorCipherTests
{
    private static readonly ulong[] Sectors = [0, 8, 4294967288, 1UL << 40];

    public static TheoryData<string> Ciphers
    {
        get
        {
            var ciphers = new TheoryData<string>();
            foreach (var mode in (string[])["cbc", "xts"])
            {
                foreach (var iv in (string[])["plain", "plain64", "plain64be", "essiv:sha256", "benbi", "null", "eboiv"])
                {
                    ciphers.Add($"aes-{mode}-{iv}");
                    ciphers.Add($"aes:2-{mode}-{iv}");
                    ciphers.Add($"aes:8-{mode}-{iv}");
                }
            }
            return ciphers;
        }
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void Every_key_size_and_layout_agrees_with_the_oracle_on_every_path(string text)
    {
        var spec = CipherSpec.Parse(text);
        var random = new Random(7);
        foreach (var keySize in spec.KeySizes)
        {
            var key = new byte[keySize];
            random.NextBytes(key);
            foreach (var layout in Layouts())
            {
                foreach (var sector in keySize == spec.KeySizes[^1] ? Sectors : Sectors[^2..])
                {
                    var plain = new byte[layout.SectorSize == 512 ? 3 * 512 : layout.SectorSize];
                    random.NextBytes(plain);
                    var expected = new NaiveDmCrypt(spec, layout, key).Encrypt(plain, sector);
                    foreach (var path in AesPaths.Available)
                    {
                        var cipher = Make(spec, layout, key, path);
                        var data = plain.ToArray();
                        cipher.Encrypt(data, sector);
                        Assert.True(expected.AsSpan().SequenceEqual(data), $"encrypt {path} {keySize} {layout} {sector}");
                        cipher.Decrypt(data, sector);
                        Assert.True(plain.AsSpan().SequenceEqual(data), $"decrypt {path} {keySize} {layout} {sector}");
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void Any_number_of_sectors_is_the_same_sector_by_sector(string text)
    {
        var spec = CipherSpec.Parse(text);
        var key = Counting(spec.KeySizes[^1]);
        foreach (var path in AesPaths.Available)
        {
            var cipher = Make(spec, SectorLayout.Default with { IvOffset = 5 }, key, path);
            for (var count = 0; count <= 20; count++)
            {
                // Off by one byte, so that no block is aligned, and with bytes around it that must stay.
                var whole = Counting((512 * count) + 2);
                var parts = whole.ToArray();
                cipher.Encrypt(whole.AsSpan(1, 512 * count), 11);
                for (var i = 0; i < count; i++)
                    cipher.Encrypt(parts.AsSpan(1 + (512 * i), 512), 11 + (ulong)i);
                Assert.Equal(parts, whole);
                cipher.Decrypt(whole.AsSpan(1, 512 * count), 11);
                Assert.Equal(Counting(whole.Length), whole);
            }
        }
    }

    [Fact]
    public void Decryption_undoes_encryption_and_may_be_split_anywhere()
    {
        var generator = Gen.Select(
            Gen.OneOf(Ciphers.Select(row => row.Data).ToArray()), Gen.Int[0, 2], Gen.OneOf(512, 1024, 2048, 4096), Gen.Bool,
            Gen.ULong[0, 1UL << 44], Gen.ULong[0, 1UL << 44], Gen.Select(Gen.Int[0, 20], Gen.Int[0, 20], Gen.Byte.Array[256]));
        generator.Sample((text, keyIndex, sectorSize, large, sector, offset, rest) =>
        {
            var (front, back, seed) = rest;
            var spec = CipherSpec.Parse(text);
            var perUnit = (ulong)sectorSize / 512;
            sector *= perUnit;
            var layout = new SectorLayout(sectorSize, large, offset * perUnit);
            var key = Fill(seed, spec.KeySizes[keyIndex]);
            var plain = Fill(seed, sectorSize * (front + back));
            var whole = plain.ToArray();
            var cipher = Make(spec, layout, key, AesPaths.Best);
            cipher.Encrypt(whole, sector);

            var parts = plain.ToArray();
            cipher.Encrypt(parts.AsSpan(0, sectorSize * front), sector);
            cipher.Encrypt(parts.AsSpan(sectorSize * front), sector + (perUnit * (ulong)front));
            Assert.Equal(whole, parts);

            var slow = plain.ToArray();
            Make(spec, layout, key, AesPath.Bitsliced).Encrypt(slow, sector);
            Assert.Equal(whole, slow);

            cipher.Decrypt(whole, sector);
            Assert.Equal(plain, whole);
        }, iter: 300, threads: 1);
    }

    [Theory]
    [InlineData("aes-cbc-plain", true)]
    [InlineData("aes-cbc-plain64", false)]
    [InlineData("aes-xts-plain", true)]
    [InlineData("aes-xts-plain64", false)]
    [InlineData("aes-xts-plain64be", false)]
    public void Only_plain_repeats_after_two_to_the_32_sectors(string text, bool repeats)
    {
        var spec = CipherSpec.Parse(text);
        var cipher = Make(spec, SectorLayout.Default, Counting(spec.KeySizes[0]), AesPaths.Best);
        var low = new byte[512];
        var high = new byte[1024];
        cipher.Encrypt(low, 0);
        cipher.Encrypt(high, uint.MaxValue);
        Assert.Equal(repeats, high.AsSpan(512).SequenceEqual(low));
    }

    [Fact]
    public void Many_threads_may_share_a_cipher()
    {
        var spec = CipherSpec.Parse("aes-xts-plain64");
        foreach (var path in AesPaths.Available)
        {
            var cipher = Make(spec, SectorLayout.Default, Counting(64), path);
            var expected = Counting(512 * 9);
            cipher.Encrypt(expected, 1000);
            var wrong = 0;
            using var start = new Barrier(4);
            var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
            {
                start.SignalAndWait();
                for (var i = 0; i < 50; i++)
                {
                    var data = Counting(512 * 9);
                    cipher.Encrypt(data, 1000);
                    if (!data.AsSpan().SequenceEqual(expected))
                        Interlocked.Increment(ref wrong);
                    cipher.Decrypt(data, 1000);
                    if (!data.AsSpan().SequenceEqual(Counting(512 * 9)))
                        Interlocked.Increment(ref wrong);
                }
            })).ToArray();
            foreach (var thread in threads)
                thread.Start();
            foreach (var thread in threads)
                thread.Join();
            Assert.Equal(0, wrong);
        }
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var spec = CipherSpec.Parse("aes-cbc-essiv:sha256");
        var cipher = Make(spec, SectorLayout.Default, Counting(32), AesPaths.Best);
        var data = new byte[4096];
        cipher.Encrypt(data, 0);
        cipher.Decrypt(data, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        cipher.Encrypt(data, 0);
        cipher.Decrypt(data, 0);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void The_key_lives_in_the_schedule_only(string text)
    {
        var spec = CipherSpec.Parse(text);
        var schedule = new byte[SectorCipher.ScheduleSize(spec) + 64];
        schedule.AsSpan().Fill(0xa5);
        var key = Counting(spec.KeySizes[^1]);
        var cipher = new SectorCipher(spec, SectorLayout.Default, key, schedule);
        Assert.All(schedule[^64..], b => Assert.Equal(0xa5, b));

        // Two ciphers whose schedules are wiped must work alike, whatever their keys were.
        schedule.AsSpan().Clear();
        var otherSchedule = new byte[SectorCipher.ScheduleSize(spec)];
        var other = new SectorCipher(spec, SectorLayout.Default, new byte[key.Length], otherSchedule);
        otherSchedule.AsSpan().Clear();
        var (one, two) = (new byte[1024], new byte[1024]);
        cipher.Encrypt(one, 3);
        other.Encrypt(two, 3);
        Assert.Equal(one, two);
    }

    [Theory]
    [InlineData(512, 511, 0UL)]
    [InlineData(512, 513, 0UL)]
    [InlineData(4096, 2048, 0UL)]
    [InlineData(4096, 4096, 4UL)]
    public void Only_whole_sectors_are_taken(int sectorSize, int length, ulong sector)
    {
        var cipher = Make(CipherSpec.Parse("aes-xts-plain64"), new SectorLayout(sectorSize, true, 0), Counting(64), AesPaths.Best);
        Assert.Throws<ArgumentException>(() => cipher.Encrypt(new byte[length], sector));
        Assert.Throws<ArgumentException>(() => cipher.Decrypt(new byte[length], sector));
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_the_key_is_used()
    {
        var spec = CipherSpec.Parse("aes-xts-plain64");
        var room = SectorCipher.ScheduleSize(spec);
        var refused = Assert.Throws<ArgumentException>(() => new SectorCipher(spec, SectorLayout.Default, new byte[33], new byte[room]));
        Assert.Contains("key of 32, 48, 64 bytes, not 33", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new SectorCipher(spec, SectorLayout.Default, new byte[32], new byte[room - 1]));
        Assert.Throws<ArgumentException>(() => new SectorCipher(spec, new SectorLayout(8192, false, 0), new byte[32], new byte[room]));
    }

    private static SectorCipher Make(CipherSpec spec, SectorLayout layout, byte[] key, AesPath path) =>
        new(spec, layout, key, new byte[SectorCipher.ScheduleSize(spec)], path);

    private static IEnumerable<SectorLayout> Layouts()
    {
        foreach (var size in (int[])[512, 1024, 2048, 4096])
        {
            foreach (var large in (bool[])[false, true])
            {
                yield return new SectorLayout(size, large, 0);
                yield return new SectorLayout(size, large, 4294967296 - 8);
            }
        }
    }

    private static byte[] Counting(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i + (i >> 8)))];

    private static byte[] Fill(byte[] seed, int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(seed[i & 255] + (i >> 8)))];
}
