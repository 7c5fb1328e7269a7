using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Durability;

/// <summary>
/// Power fails at every instant of everything that Sealdisk writes: docs/durability.md. The first boot is in
/// <see cref="FirstBootCutTests"/>. With SEALDISK_CUT_POINTS=all the binary is run on every single state, not on one of each kind.
/// </summary>
[Trait("needs", "native")]
public sealed class CutPointTests(ITestOutputHelper output)
{
    private const int CopyB = 524288;

    /// <summary>
    /// Each number, here and below, is what one trace gives for certain; a run may see more, as the server's threads take turns.
    /// </summary>
    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void A_later_boot_survives_a_power_cut_at_any_instant(string record)
    {
        using var volume = Ready(record);
        using var cuts = new CutPoints(volume, new Rules(HadData: true));
        Report(cuts.Explore("up"), 1);
    }

    /// <summary>A bad, missing or older copy, mended by `up` and by `repair`.</summary>
    [Theory]
    [InlineData("header", "A bad", "up", 256)]
    [InlineData("header", "B older", "up", 4)]
    [InlineData("detached", "A older", "up", 4)]
    [InlineData("detached", "B bad", "up", 256)]
    [InlineData("header", "B blank", "repair", 256)]
    [InlineData("detached", "A bad", "repair", 256)]
    public void A_repair_survives_a_power_cut_at_any_instant(string record, string damage, string verb, int atLeast)
    {
        using var volume = Ready(record);
        Damage(volume, record, damage);
        using var cuts = new CutPoints(volume, new Rules(HadData: true));
        Report(cuts.Explore(verb), atLeast);
    }

    [Theory]
    [InlineData("header", "gone", 16)]
    [InlineData("header", "A bad, B bad", 256)]
    [InlineData("detached", "gone", 2)]
    [InlineData("detached", "A bad, B bad", 256)]
    public void An_import_survives_a_power_cut_at_any_instant(string record, string damage, int atLeast)
    {
        using var volume = Ready(record);
        TestVolume.Done(volume.Run("record", "export", volume.Name, volume["backup"]));
        Damage(volume, record, damage);
        using var cuts = new CutPoints(volume, new Rules(MayStop: true, HadData: true));
        Report(cuts.Explore($"record import {volume.Name} {volume["backup"]}"), atLeast);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void An_import_of_an_older_record_survives_a_power_cut_at_any_instant(string record)
    {
        using var volume = Ready(record);
        TestVolume.Done(volume.Run("record", "export", volume.Name, volume["backup"]));
        volume.Record.Rewrite(old => old with { Generation = 9 }, 0, 1);
        using var cuts = new CutPoints(volume, new Rules(HadData: true, GoesBack: true));
        Report(cuts.Explore($"record import {volume.Name} {volume["backup"]} --replace-newer"), 8);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void An_erase_survives_a_power_cut_at_any_instant(string record)
    {
        using var volume = Ready(record);
        using var cuts = new CutPoints(volume, new Rules(MayStop: true, HadData: true, Erases: true));
        Report(cuts.Explore($"erase {volume.Name} --yes {volume.Name}", again: false), 7);
    }

    [Theory]
    [InlineData("header", 30)]
    [InlineData("detached", 20)]
    public void An_adoption_survives_a_power_cut_at_any_instant(string record, int atLeast)
    {
        using var volume = MadeByHand(record);
        using var cuts = new CutPoints(volume, new Rules(MayStop: true, HadData: true));
        Report(cuts.Explore($"adopt {volume.Name} --blob {volume["k.blob"]}"), atLeast);
    }

    /// <summary>At every instant the old seal or the new one, and either opens the volume; data of before are there afterwards.</summary>
    [Theory]
    [InlineData("header", "trusted", 16)]
    [InlineData("header", "encrypted", 16)]
    [InlineData("detached", "encrypted", 16)]
    public void A_rotation_survives_a_power_cut_at_any_instant(string record, string key, int atLeast)
    {
        using var volume = Ready(record, ("key", key));
        using var cuts = new CutPoints(volume, new Rules(HadData: true, Rotates: true));
        var before = volume.Record[0];
        Report(cuts.Explore($"rotate {volume.Name}"), atLeast);
        Assert.NotEqual(before, volume.Record[0]);
    }

    /// <summary>The old device's seal or this one's; until it is this one's, the same verb once more ends it.</summary>
    [Theory]
    [InlineData("header", 7)]
    [InlineData("detached", 7)]
    public void A_recovery_survives_a_power_cut_at_any_instant(string record, int atLeast)
    {
        using var volume = TestVolume.OnAnotherDevice(record == "detached", ("size", "4MiB"), ("sector-size", 512));
        Report(OldRecordOrNew(volume, record, $"recover {volume.Name} --key {volume["recovery.key"]}"), atLeast);
        volume.Up();
        Assert.Equal(CutPoints.Content, File.ReadAllText(volume.MountedFile));
        volume.Down();
    }

    /// <summary>The old name or the new one; until it is the new one, the same verb once more ends it.</summary>
    [Theory]
    [InlineData("header", 7)]
    [InlineData("detached", 7)]
    public void A_renaming_survives_a_power_cut_at_any_instant(string record, int atLeast)
    {
        using var volume = Ready(record);
        volume.Record.Rewrite(old => old with { Name = "another-name" }, 0, 1);
        Report(OldRecordOrNew(volume, record, $"record rename another-name {volume.Name}"), atLeast);
        volume.Up();
        Assert.Equal(CutPoints.Content, File.ReadAllText(volume.MountedFile));
        volume.Down();
    }

    /// <summary>
    /// A rotation that drops the old seal before the new one is proven to be on the medium, or writes one that opens nothing.
    /// </summary>
    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void A_rotation_that_drops_the_old_seal_too_early_is_caught(string record)
    {
        using var volume = Ready(record, ("key", "encrypted"));
        using var cuts = new CutPoints(volume, new Rules(HadData: true, Rotates: true));
        var before = cuts.Files();
        var (result, operations) = cuts.Trace($"rotate {volume.Name}");
        TestVolume.Done(result);
        Assert.Null(cuts.FirstViolation(before, operations));
        var writes = operations.OfType<StorageOperation.Write>().ToArray();
        Assert.Equal(2, writes.Length);
        var first = operations.First(operation => operation is StorageOperation.Sync && operation.Begin > writes[0].Begin);
        Assert.True(first.End < writes[1].Begin, "the first copy is synced before the second is written");

        var violation = cuts.FirstViolation(before, [.. operations.Where(operation => operation != first)])!;
        output.WriteLine(violation);
        Assert.Contains("stops: ", violation, StringComparison.Ordinal);

        volume.NewHuk("other.hex");
        StorageOperation[] unproven = [.. operations.Select(
            operation => operation is StorageOperation.Write write
                ? write with { Data = SealedElsewhere(write.Data, volume["other.hex"]) }
                : operation)];
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => cuts.FirstViolation(before, unproven));
    }

    /// <summary>Runs a verb that writes another record, and finds one of the two, whole, in whatever a power cut may leave.</summary>
    private static Seen OldRecordOrNew(TestVolume volume, string record, string verb)
    {
        var (file, before) = (volume.Record, volume.Record[0]);
        var (result, operations) = StorageTrace.Of(
            Path.GetDirectoryName(volume.Image)!, new Dictionary<string, string>(), null,
            $"{NativeBinary.Path} --config {volume.Config} {verb}");
        TestVolume.Done(result);
        var after = file[0];
        var states = new HashSet<ulong>();
        var name = record == "header" ? "image" : "record";
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal) { [name] = File.ReadAllBytes(volume[name]) };
        before.CopyTo(files[name], file.Offset(0));
        before.CopyTo(files[name], file.Offset(1));
        foreach (var instant in new CrashModel(files, operations, (_, _) => true).Instants())
        {
            foreach (var state in instant.Possible)
            {
                states.Add(state.Key());
                var bytes = state.Files[name].ToArray();
                var good = Assert.IsType<RecordOutcome.Good>(new RecordReading(
                    RecordFormat.Read(bytes.AsSpan(file.Offset(0), RecordFormat.BlockSize)),
                    RecordFormat.Read(bytes.AsSpan(file.Offset(1), RecordFormat.BlockSize))).Outcome);
                Assert.Contains(RecordSamples.Block(good.Record), new[] { before, after });
            }
        }
        return new Seen(operations.Count, states.Count, 2, 1);
    }

    /// <summary>The same record with the root key of another device.</summary>
    private static byte[] SealedElsewhere(byte[] block, string huk)
    {
        var record = Assert.IsType<CopyReading.Valid>(RecordFormat.Read(block)).Record;
        using var source = Sealdisk.Volumes.Keys.SoftSource.Open(huk);
        using var root = Sealdisk.Linux.SecretBuffer.Random(32);
        var other = new byte[RecordFormat.BlockSize];
        RecordFormat.Write(record.WithRootKey(source.SealBlob(root).ToString()), other);
        return other;
    }

    /// <summary>A new file is there whole or not at all, and there for certain once the verb has ended.</summary>
    [Theory]
    [InlineData("huk new")]
    [InlineData("key new k --size 64 --source soft --huk HUK --blob")]
    [InlineData("record export NAME")]
    public void A_new_file_is_whole_or_absent_after_a_power_cut_at_any_instant(string verb)
    {
        using var volume = verb.StartsWith("record", StringComparison.Ordinal) ? Ready("header") : SmallVolume();
        var command = verb.Replace("HUK", volume["huk.hex"], StringComparison.Ordinal)
            .Replace("NAME", volume.Name, StringComparison.Ordinal);
        var (result, operations) = StorageTrace.Of(
            Path.GetDirectoryName(volume.Image)!, new Dictionary<string, string>(), null,
            $"{NativeBinary.Path} --config {volume.Config} {command} {volume["new"]} && : > "
                + $"{volume[StorageTrace.Mark + nameof(Promised.Done)]}");
        TestVolume.Done(result);
        var whole = File.ReadAllBytes(volume["new"]);
        var (there, states) = (0, new HashSet<ulong>());
        foreach (var instant in new CrashModel(NoFiles, operations, (_, _) => true).Instants())
        {
            foreach (var state in instant.Possible)
            {
                states.Add(state.Key());
                if (state.Files.TryGetValue("new", out var file))
                    Assert.Equal(whole, file.ToArray());
                else
                    Assert.NotEqual(Promised.Done, instant.Promised);
                there += file is null ? 0 : 1;
            }
        }
        Report(new Seen(operations.Count, states.Count, 2, 1), 3);
        Assert.True(there > 0);
    }

    /// <summary>fsync and fdatasync answered without being done, in this very binary: what a careless tool does.</summary>
    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void A_version_without_fsync_is_caught(string record)
    {
        using var volume = SmallVolume();
        Prepare(volume, "image", record);
        using var cuts = new CutPoints(volume, new Rules());
        var (result, operations) = cuts.Trace("up", inject: "fsync,fdatasync:retval=0");
        Assert.Equal(0, result.Exit);
        Assert.DoesNotContain(operations, operation => operation is StorageOperation.Sync or StorageOperation.SyncFolder);
        Assert.Contains(
            "it has said that it is done, and not all of that is on the medium",
            Caught(cuts, operations),
            StringComparison.Ordinal);
        Assert.Contains(
            "stops: ",
            Caught(cuts, [.. operations.TakeWhile(operation => operation is not StorageOperation.Promise)]),
            StringComparison.Ordinal);
    }

    /// <summary>
    /// Each fsync is there for a reason: without it some cut leaves a state that breaks the rules. Only those of copy B in a header are not
    /// missed: there the first flush of the filesystem, which is on the same device, makes up for it before anything else happens.
    /// </summary>
    [Theory]
    [InlineData("header", "size, name and name, claim, copy A, not missed: copy B, copy A, not missed: copy B")]
    [InlineData("detached", "size, name and name, both copies, name and name, copy A, copy B")]
    public void A_version_without_any_one_fsync_is_caught(string record, string expected)
    {
        using var volume = SmallVolume();
        Prepare(volume, "image", record);
        using var cuts = new CutPoints(volume, new Rules());
        var (_, operations) = cuts.Trace("up");
        Assert.Null(cuts.FirstViolation(NoFiles, operations));
        var missed = new List<string>();
        foreach (var (variant, name) in WithoutOneSync(operations, record == "header" ? TestVolume.MiB : 0))
        {
            var violation = cuts.FirstViolation(NoFiles, variant);
            output.WriteLine($"without the fsync of {name}: {violation ?? "no difference"}");
            missed.Add(violation is null ? $"not missed: {name}" : name);
        }
        Assert.Equal(expected, string.Join(", ", missed));
    }

    [Fact]
    public void A_version_with_one_copy_is_caught()
    {
        using var volume = SmallVolume();
        using var cuts = new CutPoints(volume, new Rules());
        var (_, operations) = cuts.Trace("up");
        Assert.Contains(
            "stops: ",
            Caught(cuts, [.. operations.Where(operation => operation is not StorageOperation.Write { Offset: CopyB })]),
            StringComparison.Ordinal);
        // Nor does it do to announce the first record: the second one is torn as easily.
        Assert.Contains(
            "stops: ",
            Caught(cuts, [.. operations.Where(operation => operation is not StorageOperation.Write { Offset: CopyB, Data.Length: > 512 })]),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_version_without_the_claim_is_caught()
    {
        using var volume = SmallVolume();
        using var cuts = new CutPoints(volume, new Rules());
        var (_, operations) = cuts.Trace("up");
        Assert.Contains(
            "stops: ",
            Caught(cuts, [.. operations.Where(operation => operation is not StorageOperation.Write { Offset: CopyB, Data.Length: 512 })]),
            StringComparison.Ordinal);
    }

    /// <summary>Where the record is damaged or gone, make a new key and format: what the scripts of this field do.</summary>
    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void A_version_that_makes_a_filesystem_on_doubt_is_caught(string record)
    {
        using var volume = Ready(record);
        TestVolume.Done(volume.Run("record", "export", volume.Name, volume["backup"]));
        Damage(volume, record, "gone");
        using var cuts = new CutPoints(volume, new Rules(MayStop: true, HadData: true)) { Planner = OnDoubt };
        var before = cuts.Files();
        var (_, operations) = cuts.Trace($"record import {volume.Name} {volume["backup"]}");
        var violation = cuts.FirstViolation(before, operations)!;
        output.WriteLine(violation);
        Assert.Contains("a new key and filesystem over data", violation, StringComparison.Ordinal);

        static Plan OnDoubt(VolumeSpec spec, Observed observed) => observed.Record.Outcome is RecordOutcome.Damaged or RecordOutcome.None
            ? Planner.For(spec, observed with { Record = RecordReading.Nothing, Content = new Content.Blank() })
            : Planner.For(spec, observed);
    }

    /// <summary>A ready record written before the filesystem is synced.</summary>
    [Fact]
    public void A_version_that_says_ready_too_early_is_caught()
    {
        using var volume = SmallVolume();
        using var cuts = new CutPoints(volume, new Rules());
        var (_, operations) = cuts.Trace("up");
        var data = operations.First(operation => operation is StorageOperation.Write { Offset: >= TestVolume.MiB }).Begin;
        var ready = operations.Last(operation => operation is StorageOperation.Write { Offset: 0, Data.Length: 4096 }).Begin;
        Assert.Contains(
            "it says that it is ready, and its filesystem is not there",
            Caught(
                cuts,
                [.. operations.Where(
                    operation => operation is not StorageOperation.Sync || operation.End < data || operation.Begin > ready)]),
            StringComparison.Ordinal);
    }

    private static readonly Dictionary<string, byte[]> NoFiles = [];

    private string Caught(CutPoints cuts, IReadOnlyList<StorageOperation> operations)
    {
        var violation = cuts.FirstViolation(NoFiles, operations);
        Assert.NotNull(violation);
        output.WriteLine(violation);
        return violation;
    }

    /// <summary>Sealdisk's own syncs one by one, with what each of them makes durable; those of the filesystem left out.</summary>
    private static IEnumerable<(IReadOnlyList<StorageOperation> Operations, string Name)> WithoutOneSync(
        IReadOnlyList<StorageOperation> operations,
        int dataOffset)
    {
        var unsynced = new List<StorageOperation>();
        foreach (var operation in operations)
        {
            unsynced.Add(operation);
            if (operation is not (StorageOperation.Sync or StorageOperation.SyncFolder))
                continue;
            var synced = unsynced.Where(other => operation is StorageOperation.Sync
                ? other.File == operation.File && other is StorageOperation.Write or StorageOperation.Resize
                : other is StorageOperation.Create or StorageOperation.Rename or StorageOperation.Unlink).ToArray();
            unsynced.RemoveAll(other => other == operation || synced.Contains(other));
            if (synced.Length > 0 && !synced.Any(
                other => other is StorageOperation.Write { File: "image", Offset: var offset } && offset >= dataOffset))
                yield return ([.. operations.Where(other => other != operation)], string.Join(" and ", synced.Select(What)));
        }

        static string What(StorageOperation operation) => operation switch
        {
            StorageOperation.Write { Data.Length: 512 } => "claim",
            StorageOperation.Write { Data.Length: 8192 } => "both copies",
            StorageOperation.Write { Offset: 0 } => "copy A",
            StorageOperation.Write => "copy B",
            StorageOperation.Resize => "size",
            _ => "name",
        };
    }

    /// <summary>Small, and with sectors of 512 bytes, so that mkfs makes blocks of 1024 bytes and a journal.</summary>
    internal static TestVolume SmallVolume(params (string Key, object? Value)[] settings) =>
        TestVolume.With([("size", "4MiB"), ("sector-size", 512), .. settings]);

    internal static string? Prepare(TestVolume volume, string device, string record)
    {
        if (record == "detached")
            volume.Change("record", volume["record"]);
        if (device == "image")
            return null;
        volume.Remove("size");
        // All FF, so that every sector of a record makes a difference.
        File.WriteAllBytes(volume.Image, [.. Enumerable.Repeat((byte)0xFF, 4 * TestVolume.MiB)]);
        if (device == "ext4")
        {
            Tool.Run("mkfs.ext4", "-q", "-F", volume.Image);
            volume.Change("first-boot", "replace");
            return null;
        }
        var loop = volume.Attach("image");
        volume.Change("device", loop);
        return loop;
    }

    /// <summary>After its first boot, with a file on it, and down.</summary>
    private static TestVolume Ready(string record, params (string Key, object? Value)[] settings)
    {
        var volume = SmallVolume(settings);
        if (record == "detached")
            volume.Change("record", volume["record"]);
        volume.Up();
        File.WriteAllText(volume.MountedFile, CutPoints.Content);
        volume.Down();
        return volume;
    }

    /// <summary>What keytctl, dmsetup and mkfs leave: no record, but data from sector 2048 on or from the first.</summary>
    private static TestVolume MadeByHand(string record)
    {
        var volume = SmallVolume(("size", null));
        if (record == "detached")
            volume.Change("record", volume["record"]);
        File.WriteAllText(volume["content"], CutPoints.Content);
        Tool.Shell("truncate -s 3M $1; mkfs.ext4 -q -F $1; debugfs -w -R \"write $2 file\" $1", volume["plain"], volume["content"]);
        TestVolume.Done(NativeBinary.Run(
            "key", "new", "k", "--size", "64", "--blob", volume["k.blob"], "--source", "soft", "--huk",
            volume["huk.hex"]));
        TestVolume.Done(NativeBinary.Run(
            "image", "encrypt", volume["plain"], volume["data"], "--cipher", "aes-xts-plain64", "--key-size", "64",
            "--sector-size", "512", "--blob", volume["k.blob"], "--source", "soft", "--huk", volume["huk.hex"]));
        File.WriteAllBytes(volume.Image, [.. new byte[record == "header" ? TestVolume.MiB : 0], .. File.ReadAllBytes(volume["data"])]);
        File.Delete(volume["data"]);
        File.Delete(volume["plain"]);
        return volume;
    }

    private static void Damage(TestVolume volume, string record, string damage)
    {
        if (damage == "gone")
        {
            if (record == "detached")
                File.Delete(volume["record"]);
            else
                volume.Record.Put(0, new byte[TestVolume.MiB]);
            return;
        }
        var file = volume.Record;
        foreach (var one in damage.Split(", "))
        {
            var copy = one[0] - 'A';
            if (one.EndsWith("older", StringComparison.Ordinal))
                file.Rewrite(old => old with { Generation = 1, State = VolumeState.Provisioning, FilesystemUuid = null }, copy);
            else if (one.EndsWith("blank", StringComparison.Ordinal))
                file[copy] = [.. Enumerable.Repeat((byte)0xFF, RecordFormat.BlockSize)];
            else
                file.Spoil(copy);
        }
    }

    private void Report(Seen seen, int atLeast) => Report(output, seen, atLeast);

    internal static void Report(ITestOutputHelper output, Seen seen, int atLeast)
    {
        output.WriteLine(
            $"{seen.Operations} operations cut, {seen.States} states, {seen.Kinds} kinds of states, {seen.Runs} runs to the end");
        Assert.True(seen.States >= atLeast, $"only {seen.States} states were seen");
    }
}
