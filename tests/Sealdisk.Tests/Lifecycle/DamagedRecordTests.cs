using Sealdisk.Lifecycle;
using Sealdisk.Linux;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>
/// Every byte and every length of a record that can be wrong, on files: what is read, what is planned, and that looking writes nothing.
/// </summary>
public sealed class DamagedRecordTests : IDisposable
{
    private static readonly byte[] s_block = RecordSamples.Block(Situation.Ready);

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void One_copy_with_any_byte_changed_is_repaired_once_the_other_has_opened(string where)
    {
        var (file, store) = Make(where);
        var seen = 0;
        for (var copy = 0; copy < 2; copy++)
        {
            for (var at = 0; at < RecordFormat.BlockSize; at++)
            {
                foreach (var flip in new byte[] { 0xFF, (byte)(1 << (at % 8)) })
                {
                    file.Put(file.Offset(copy) + at, [(byte)(s_block[at] ^ flip)]);
                    var reading = store.Read();
                    var good = Assert.IsType<RecordOutcome.Good>(reading.Outcome);
                    Assert.Equal(Situation.Ready, good.Record);
                    Assert.Equal([copy], good.CopiesToRepair);
                    Assert.Equal(
                        "Unseal OpenMapping VerifyFilesystem RepairRecord CheckFilesystem Mount",
                        Situation.Words(Planner.For(Situation.Volume, Situation.Holding(reading))));
                    seen++;
                }
                file.Put(file.Offset(copy) + at, [s_block[at]]);
            }
        }
        Assert.Equal(2 * 2 * 4096, seen);
        Assert.Empty(Assert.IsType<RecordOutcome.Good>(store.Read().Outcome).CopiesToRepair);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void Both_copies_with_any_byte_changed_stop_the_volume_with_a_hint(string where)
    {
        var (file, store) = Make(where);
        var seen = 0;
        for (var at = 0; at < RecordFormat.BlockSize; at++)
        {
            // The second time in another place of copy B: where the magic is hit the copy is no copy at all.
            foreach (var atB in new[] { at, (at + 4000) % RecordFormat.BlockSize })
            {
                file.Put(file.Offset(0) + at, [(byte)~s_block[at]]);
                file.Put(file.Offset(1) + atB, [(byte)~s_block[atB]]);
                AssertStops(store.Read(), 3, "record import");
                file.Put(file.Offset(0) + at, [s_block[at]]);
                file.Put(file.Offset(1) + atB, [s_block[atB]]);
                seen++;
            }
        }
        Assert.Equal(2 * 4096, seen);
    }

    [Fact]
    public void A_detached_file_of_any_length_is_repaired_or_stops_the_volume()
    {
        var (file, store) = Make("detached");
        for (var length = (2 * RecordFormat.BlockSize) - 1; length >= 0; length--)
        {
            using (var cut = File.OpenHandle(file.Path, FileMode.Open, FileAccess.Write))
                RandomAccess.SetLength(cut, length);
            var reading = store.Read();
            if (length >= RecordFormat.BlockSize)
            {
                var good = Assert.IsType<RecordOutcome.Good>(reading.Outcome);
                Assert.Equal((Situation.Ready, 1), (good.Record, Assert.Single(good.CopiesToRepair)));
            }
            else
            {
                AssertStops(reading, 3, "record import");
            }
        }
    }

    /// <summary>A header record on an image that ends early: no length makes a first boot.</summary>
    [Fact]
    public void An_image_cut_to_any_length_stops_the_volume()
    {
        var (file, store) = Make("header");
        var lengths = new[]
        {
            0, 1, 7, 8, 9, 511, 512, 4095, 4096, 4097,
            524287, 524288, 524289, 524296, 528383, 528384,
            1048575, 1048576, 1048577, (2 << 20) - 512, (2 << 20) - 1,
        };
        foreach (var length in lengths.Reverse())
        {
            using (var cut = File.OpenHandle(file.Path, FileMode.Open, FileAccess.Write))
                RandomAccess.SetLength(cut, length);
            var plan = Planner.For(Situation.Volume, Situation.Holding(store.Read(), ContentOf(file.Path)) with { DeviceSize = length });
            Assert.Equal(PlanKind.Refusal, plan.Kind);
            Assert.NotNull(plan.Refusal!.Hint);
        }
    }

    /// <summary>No record at all leads to a look at the device, which holds the data of a lost volume.</summary>
    private void AssertStops(RecordReading reading, int code, string hint)
    {
        var content = reading.Outcome is RecordOutcome.None ? ContentOf(_folder["data"]) : null;
        var plan = Planner.For(Situation.Volume, Situation.Holding(reading, content));
        Assert.Equal(PlanKind.Refusal, plan.Kind);
        Assert.Equal(code, (int)plan.Refusal!.Code);
        Assert.Contains(hint, plan.Refusal.Hint, StringComparison.Ordinal);
    }

    private static Content ContentOf(string path)
    {
        using var device = FileDescriptor.Open(path, OpenFlags.Read);
        return Content.Of(path, device, new FileInfo(path).Length, header: true);
    }

    /// <summary>A record in its place, and data of no kind that anybody knows.</summary>
    private (RecordFile File, RecordStore Store) Make(string where)
    {
        var data = new byte[2 << 20];
        new Random(4).NextBytes(data.AsSpan(1 << 20));
        File.WriteAllBytes(_folder["data"], data);
        var path = _folder[where == "header" ? "data" : "record"];
        if (where == "detached")
            File.WriteAllBytes(path, []);
        var store = where == "header" ? RecordStore.Header(path) : RecordStore.Detached(path);
        store.Write(Situation.Ready);
        return (new RecordFile(path, where == "header"), store);
    }
}
