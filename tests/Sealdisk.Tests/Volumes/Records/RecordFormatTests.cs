using CsCheck;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Volumes.Records;

public sealed class RecordFormatTests
{
    public static IEnumerable<TheoryDataRow<string>> Vectors =>
        Directory.GetFiles(RecordSamples.VectorDirectory)
            .Order(StringComparer.Ordinal)
            .Select(file => new TheoryDataRow<string>(Path.GetFileName(file)));

    /// <summary>The vectors were made from the format's description by a program that shares nothing with this one.</summary>
    [Theory]
    [MemberData(nameof(Vectors))]
    public void A_vector_gets_the_verdict_that_it_states(string file)
    {
        Assert.EndsWith(".hex", file, StringComparison.Ordinal);
        var (expected, bytes) = RecordSamples.Vector(Path.Combine(RecordSamples.VectorDirectory, file));
        var reading = RecordFormat.Read(bytes);
        Assert.Equal(expected, reading switch
        {
            CopyReading.Valid => "valid",
            CopyReading.Absent { Blank: true } => "blank",
            CopyReading.Absent => "foreign",
            CopyReading.Bad bad => $"bad: {bad.Reason}",
            CopyReading.OtherVersion other => $"version {other.Version}",
            _ => reading.ToString(),
        });
        if (reading is CopyReading.Valid valid)
            Assert.Equal(bytes, RecordSamples.Block(valid.Record));
    }

    [Fact]
    public void The_golden_block_is_written_byte_for_byte()
    {
        var (_, golden) = RecordSamples.Vector(Path.Combine(RecordSamples.VectorDirectory, "ready.hex"));
        Assert.Equal(golden, RecordSamples.Block(RecordSamples.Ready));
        Assert.Equal(new CopyReading.Valid(RecordSamples.Ready), RecordFormat.Read(golden));
    }

    [Fact]
    public void Any_record_that_is_written_reads_back() =>
        RecordSamples.Any.Sample(record => RecordFormat.Read(RecordSamples.Block(record)) == new CopyReading.Valid(record), iter: 2_000);

    [Fact]
    public void Any_flipped_bit_is_noticed()
    {
        var block = RecordSamples.Block(RecordSamples.Ready);
        for (var bit = 0; bit < block.Length * 8; bit++)
        {
            block[bit / 8] ^= (byte)(1 << (bit % 8));
            var reading = RecordFormat.Read(block);
            if (bit < 64)
                Assert.Equal(new CopyReading.Absent(Blank: false), reading);
            else
                Assert.Equal(new CopyReading.Bad("the checksum is wrong"), reading);
            block[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_block_cut_to_any_length_is_not_a_record()
    {
        var block = RecordSamples.Block(RecordSamples.Ready);
        for (var length = 0; length < block.Length; length++)
        {
            CopyReading expected = length < 8 ? new CopyReading.Absent(length == 0) : new CopyReading.Bad($"cut off after {length} bytes");
            Assert.Equal(expected, RecordFormat.Read(block.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Arbitrary_bytes_never_throw() =>
        Gen.Select(Gen.Byte.Array[0, 200], Gen.Int[64, 3800]).Sample((bytes, at) =>
        {
            var block = RecordSamples.Block(RecordSamples.Ready);
            bytes.CopyTo(block, at);
            return RecordFormat.Read(block) is CopyReading.Bad || block.AsSpan().SequenceEqual(RecordSamples.Block(RecordSamples.Ready));
        }, iter: 2_000);

    public static IEnumerable<TheoryDataRow<string, VolumeRecord>> Impossible =>
    [
        new("generation 0 is not possible", RecordSamples.Ready with { Generation = 0 }),
        new("source has an impossible value", RecordSamples.Ready with { Source = TrustSource.Auto }),
        new("uuid has an impossible value", RecordSamples.Ready with { Uuid = Guid.Empty }),
                new("sector-size has an impossible value", RecordSamples.Ready.WithLayout(layout => layout with { SectorSize = 520 })),
        new("key-size has an impossible value", RecordSamples.Ready.WithKeySize(-1)),
        new("the body does not have 28 lines", RecordSamples.Ready with { LifeCycle = "open\nstate=ready" }),
        new("it does not read back as it is", RecordSamples.Ready with { FilesystemUuid = "" }),
        new("its body is longer than 3520 bytes", RecordSamples.Ready with { LifeCycle = new string('x', 4000) }),
    ];

    [Theory]
    [MemberData(nameof(Impossible), DisableDiscoveryEnumeration = true)]
    public void A_record_that_could_not_be_read_back_is_not_written(string reason, VolumeRecord record) =>
        Assert.Equal($"cannot write the record: {reason}", Assert.Throws<ArgumentException>(() => RecordSamples.Block(record)).Message);

    [Fact]
    public void A_person_can_read_the_sealed_key()
    {
        var text = System.Text.Encoding.ASCII.GetString(RecordSamples.Block(RecordSamples.Ready));
        Assert.Contains($"\nsealed-key={RecordSamples.Ready.Key.Text}\n", text, StringComparison.Ordinal);
    }
}
