using Sealdisk.Configuration;
using Sealdisk.Lifecycle;
using Sealdisk.Records;
using Sealdisk.Tests.DataPath;
using Sealdisk.Tests.Lifecycle;

namespace Sealdisk.Tests.Durability;

/// <summary>
/// Power fails at every instant of everything that Sealdisk writes: docs/durability.md. With SEALDISK_CUTS=all the binary is run on every single state, not on
/// one of each kind.
/// </summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class CutPointTests(ITestOutputHelper output)
{
    private const int CopyB = 524288;

    /// <summary>Each number is what one trace gives for certain; a run may see more, as the server's threads take turns.</summary>
    [Theory]
    [InlineData("image", "header", 1000)]
    [InlineData("image", "detached", 500)]
    [InlineData("block", "header", 1000)]
    [InlineData("block", "detached", 250)]
    [InlineData("FF", "header", 1000)]
    [InlineData("ext4", "header", 1000)]
    public void First_boot(string device, string record, int atLeast)
    {
        using var bed = Bed.With();
        var loop = Prepare(bed, device, record);
        using var cuts = new CutPoints(bed, new Rules(), loop);
        Report(cuts.Explore("up"), atLeast);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void Later_boot(string record)
    {
        using var bed = Ready(record);
        using var cuts = new CutPoints(bed, new Rules(HadData: true));
        Report(cuts.Explore("up"), 1);
    }

    /// <summary>A bad, missing or older copy, mended by `up` and by `repair`.</summary>
    [Theory]
    [InlineData("header", "A bad", "up")]
    [InlineData("header", "B bad", "up")]
    [InlineData("header", "A older", "up")]
    [InlineData("header", "B blank", "up")]
    [InlineData("detached", "A bad", "up")]
    [InlineData("detached", "B older", "up")]
    [InlineData("header", "A bad", "repair")]
    [InlineData("header", "B older", "repair")]
    [InlineData("detached", "B bad", "repair")]
    [InlineData("detached", "A older", "repair")]
    public void Repair(string record, string damage, string verb)
    {
        using var bed = Ready(record);
        Damage(bed, record, damage);
        using var cuts = new CutPoints(bed, new Rules(HadData: true));
        Report(cuts.Explore(verb), 250);
    }

    [Theory]
    [InlineData("header", "gone", 256)]
    [InlineData("header", "A bad, B bad", 256)]
    [InlineData("detached", "gone", 2)]
    [InlineData("detached", "A bad, B bad", 256)]
    public void Import(string record, string damage, int atLeast)
    {
        using var bed = Ready(record);
        Bed.Done(bed.Run("record", "export", bed.Name, bed["backup"]));
        Damage(bed, record, damage);
        using var cuts = new CutPoints(bed, new Rules(MayStop: true, HadData: true));
        Report(cuts.Explore($"record import {bed.Name} {bed["backup"]}"), atLeast);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void Import_of_an_older_record(string record)
    {
        using var bed = Ready(record);
        Bed.Done(bed.Run("record", "export", bed.Name, bed["backup"]));
        Rewrite(bed, record, [0, 1], old => old with { Generation = 9 });
        using var cuts = new CutPoints(bed, new Rules(HadData: true, GoesBack: true));
        Report(cuts.Explore($"record import {bed.Name} {bed["backup"]} --replace-newer"), 512);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void Erase(string record)
    {
        using var bed = Ready(record);
        using var cuts = new CutPoints(bed, new Rules(MayStop: true, Blanks: true));
        Report(cuts.Explore($"erase {bed.Name} --yes {bed.Name}"), 512);
    }

    [Theory]
    [InlineData("header", 512)]
    [InlineData("detached", 2)]
    public void Adoption(string record, int atLeast)
    {
        using var bed = MadeByHand(record);
        using var cuts = new CutPoints(bed, new Rules(MayStop: true, HadData: true));
        Report(cuts.Explore($"adopt {bed.Name} --blob {bed["k.blob"]}"), atLeast);
    }

    /// <summary>fsync and fdatasync answered without being done, in this very binary: what a careless tool does.</summary>
    [Theory]
    [InlineData("header", "stops: ")]
    [InlineData("detached", "stops: ")]
    public void A_version_without_fsync_is_caught(string record, string expected)
    {
        using var bed = Bed.With();
        Prepare(bed, "image", record);
        using var cuts = new CutPoints(bed, new Rules());
        var (result, operations) = cuts.Trace("up", "fsync,fdatasync:retval=0");
        Assert.Equal(0, result.Exit);
        Assert.DoesNotContain(operations, operation => operation is StorageOperation.Sync or StorageOperation.SyncFolder);
        Assert.Contains(expected, Caught(cuts, operations), StringComparison.Ordinal);
    }

    /// <summary>
    /// Each fsync is there for a reason: without it some cut leaves a state that breaks the rules. The two that are not missed are those of the second copy: the
    /// first one is there already. They are what `up` has to have done before it says that it is done.
    /// </summary>
    [Theory]
    [InlineData("header", "B B")]
    [InlineData("detached", "B")]
    public void A_version_without_any_one_fsync_is_caught(string record, string notMissed)
    {
        using var bed = Bed.With();
        Prepare(bed, "image", record);
        using var cuts = new CutPoints(bed, new Rules());
        var (_, operations) = cuts.Trace("up");
        Assert.Null(cuts.FirstViolation(NoFiles, operations));
        var missed = new List<string>();
        foreach (var (variant, name) in WithoutOneSync(operations))
        {
            var violation = cuts.FirstViolation(NoFiles, variant);
            output.WriteLine($"without the fsync of {name}: {violation ?? "no difference"}");
            if (violation is null)
                missed.Add(name);
        }
        Assert.Equal(notMissed, string.Join(' ', missed));
    }

    [Fact]
    public void A_version_with_one_copy_is_caught()
    {
        using var bed = Bed.With();
        using var cuts = new CutPoints(bed, new Rules());
        var (_, operations) = cuts.Trace("up");
        Assert.Contains("stops: ", Caught(cuts, [.. operations.Where(operation => operation is not StorageOperation.Write { Offset: CopyB })]), StringComparison.Ordinal);
        // Nor does it do to announce the first record: the second one is torn as easily.
        Assert.Contains("stops: ", Caught(cuts, [.. operations.Where(operation => operation is not StorageOperation.Write { Offset: CopyB, Data.Length: > 512 })]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_version_without_the_claim_is_caught()
    {
        using var bed = Bed.With();
        using var cuts = new CutPoints(bed, new Rules());
        var (_, operations) = cuts.Trace("up");
        Assert.Contains("stops: ", Caught(cuts, [.. operations.Where(operation => operation is not StorageOperation.Write { Offset: CopyB, Data.Length: 512 })]), StringComparison.Ordinal);
    }

    /// <summary>Where the record is damaged or gone, make a new key and format: what the scripts of this field do.</summary>
    [Fact]
    public void A_version_that_makes_a_filesystem_on_doubt_is_caught()
    {
        using var bed = Ready("header");
        using var cuts = new CutPoints(bed, new Rules(MayStop: true, Blanks: true)) { Planner = OnDoubt };
        var before = cuts.Files();
        var (_, operations) = cuts.Trace($"erase {bed.Name} --yes {bed.Name}");
        Assert.Contains("a new key and filesystem over data", cuts.FirstViolation(before, operations)!, StringComparison.Ordinal);

        static Plan OnDoubt(VolumeSpec spec, Observed observed) => observed.Record.Outcome is RecordOutcome.Damaged or RecordOutcome.None
            ? Planner.For(spec, observed with { Record = RecordReading.Nothing, Content = new Content.Blank() })
            : Planner.For(spec, observed);
    }

    /// <summary>A ready record written before the filesystem is synced.</summary>
    [Fact]
    public void A_version_that_says_ready_too_early_is_caught()
    {
        using var bed = Bed.With();
        using var cuts = new CutPoints(bed, new Rules());
        var (_, operations) = cuts.Trace("up");
        var data = operations.First(operation => operation is StorageOperation.Write { Offset: >= Bed.MiB }).Begin;
        var ready = operations.Last(operation => operation is StorageOperation.Write { Offset: 0, Data.Length: 4096 }).Begin;
        Assert.Contains(
            "it says that it is ready, and its filesystem is not there",
            Caught(cuts, [.. operations.Where(operation => operation is not StorageOperation.Sync || operation.End < data || operation.Begin > ready)]), StringComparison.Ordinal);
    }

    private static readonly Dictionary<string, byte[]> NoFiles = [];

    private string Caught(CutPoints cuts, IReadOnlyList<StorageOperation> operations)
    {
        var violation = cuts.FirstViolation(NoFiles, operations);
        Assert.NotNull(violation);
        output.WriteLine(violation);
        return violation;
    }

    /// <summary>Sealdisk's own syncs one by one, and those of the filesystem all at once.</summary>
    private static IEnumerable<(IReadOnlyList<StorageOperation> Operations, string Name)> WithoutOneSync(IReadOnlyList<StorageOperation> operations)
    {
        var last = "";
        foreach (var operation in operations)
        {
            if (operation is StorageOperation.Write or StorageOperation.Resize or StorageOperation.Rename)
                last = operation is StorageOperation.Write { File: "image", Offset: >= Bed.MiB } ? "data" : operation switch
                {
                    StorageOperation.Write { Offset: 0 } => "A",
                    StorageOperation.Write { Data.Length: 512 } => "the claim",
                    StorageOperation.Write => "B",
                    _ => operation.ToString(),
                };
            if (operation is StorageOperation.Sync or StorageOperation.SyncFolder && last is not ("data" or ""))
            {
                yield return ([.. operations.Where(other => other != operation)], last);
                last = ""; // the server syncs when it starts; what was synced already needs no more
            }
        }
    }

    private static string? Prepare(Bed bed, string device, string record)
    {
        if (record == "detached")
            bed.Change("record", bed["record"]);
        if (device == "image")
            return null;
        bed.Remove("size");
        var blank = new byte[8 * Bed.MiB];
        Array.Fill(blank, (byte)(device == "FF" ? 0xFF : 0));
        File.WriteAllBytes(bed.Image, blank);
        if (device == "ext4")
        {
            Tool.Run("mkfs.ext4", "-q", "-F", bed.Image);
            bed.Change("first-boot", "replace");
        }
        if (device != "block")
            return null;
        var loop = bed.Attach("image", "-b", "4096");
        bed.Change("device", loop);
        return loop;
    }

    /// <summary>After its first boot, with a file on it, and down.</summary>
    private static Bed Ready(string record)
    {
        var bed = Bed.With();
        if (record == "detached")
            bed.Change("record", bed["record"]);
        bed.Up();
        File.WriteAllText(bed.File1, "the file of the first boot");
        bed.Down();
        return bed;
    }

    /// <summary>What keytctl, dmsetup and mkfs leave: no record, but data from sector 2048 on or from the first.</summary>
    private static Bed MadeByHand(string record)
    {
        var bed = Bed.With(("size", null));
        if (record == "detached")
            bed.Change("record", bed["record"]);
        File.WriteAllText(bed["content"], "the file of the first boot");
        Tool.Shell("truncate -s 7M $1; mkfs.ext4 -q -F $1; debugfs -w -R \"write $2 file\" $1", bed["plain"], bed["content"]);
        Bed.Done(NativeBinary.Run("key", "new", "k", "--size", "64", "--blob", bed["k.blob"], "--source", "soft", "--huk", bed["huk.hex"]));
        Bed.Done(NativeBinary.Run(
            "image", "encrypt", bed["plain"], bed["data"], "--cipher", "aes-xts-plain64", "--key-size", "64", "--sector-size", "4096", "--blob", bed["k.blob"], "--source", "soft", "--huk", bed["huk.hex"]));
        File.WriteAllBytes(bed.Image, [.. new byte[record == "header" ? Bed.MiB : 0], .. File.ReadAllBytes(bed["data"])]);
        File.Delete(bed["data"]);
        File.Delete(bed["plain"]);
        return bed;
    }

    private static void Damage(Bed bed, string record, string damage)
    {
        if (damage == "gone")
        {
            if (record == "detached")
                File.Delete(bed["record"]);
            else
                Put(bed.Image, 0, new byte[Bed.MiB]);
            return;
        }
        foreach (var one in damage.Split(", "))
        {
            var copy = one[0] - 'A';
            if (one.EndsWith("older", StringComparison.Ordinal))
                Rewrite(bed, record, [copy], old => old with { Generation = 1, State = VolumeState.Provisioning, FilesystemUuid = null });
            else
                Put(FileOf(bed, record), Offset(record, copy) + 100, new byte[one.EndsWith("blank", StringComparison.Ordinal) ? 3996 : 50]);
            if (one.EndsWith("blank", StringComparison.Ordinal))
                Put(FileOf(bed, record), Offset(record, copy), new byte[100]);
        }
    }

    private static void Rewrite(Bed bed, string record, int[] copies, Func<VolumeRecord, VolumeRecord> change)
    {
        foreach (var copy in copies)
        {
            var block = File.ReadAllBytes(FileOf(bed, record)).AsSpan(Offset(record, copy), 4096).ToArray();
            RecordFormat.Write(change(Assert.IsType<CopyReading.Valid>(RecordFormat.Read(block)).Record), block);
            Put(FileOf(bed, record), Offset(record, copy), block);
        }
    }

    private static string FileOf(Bed bed, string record) => record == "header" ? bed.Image : bed["record"];

    private static int Offset(string record, int copy) => copy * (record == "header" ? CopyB : 4096);

    private static void Put(string path, int at, byte[] bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, bytes, at);
    }

    private void Report(Seen seen, int atLeast)
    {
        output.WriteLine($"{seen.Instants} operations cut, {seen.States} states, {seen.Kinds} kinds of states, {seen.Runs} runs to the end");
        Assert.True(seen.States >= atLeast, $"only {seen.States} states were seen");
    }
}
