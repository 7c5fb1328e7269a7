using CsCheck;
using Sealdisk.Linux;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Volumes.Records;

public sealed class RecordStoreTests : IDisposable
{
    private const int HeaderCopyB = 524288;

    private static readonly VolumeRecord First = RecordSamples.Ready with
    {
        Generation = 1,
        State = VolumeState.Provisioning,
        FilesystemUuid = null,
    };
    private static readonly VolumeRecord Second = RecordSamples.Ready;
    private static readonly byte[] Bad = Damaged(RecordSamples.Block(First));

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sealdisk-records-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_header_writes_its_copies_at_0_and_512_KiB_and_nothing_else()
    {
        var image = Path.Combine(_directory.FullName, "image");
        var content = new byte[2 << 20];
        Array.Fill(content, (byte)0x5A);
        File.WriteAllBytes(image, content);
        var store = RecordStore.Header(image);
        Assert.IsType<RecordOutcome.None>(store.Read().Outcome);

        store.Write(First);
        RecordSamples.Block(First).CopyTo(content, 0);
        RecordSamples.Block(First).CopyTo(content, HeaderCopyB);
        Assert.Equal(content, File.ReadAllBytes(image));
        AssertGood(First, store.Read());

        store.Write(Second);
        AssertGood(Second, store.Read());
        Assert.True(HeaderCopyB + RecordFormat.BlockSize <= RecordStore.HeaderSectors.Bytes.Count);
    }

    [Fact]
    [Trait("needs", "native")]
    public void A_block_device_with_sectors_of_4096_bytes_keeps_both_copies()
    {
        var image = Path.Combine(_directory.FullName, "image");
        File.WriteAllBytes(image, new byte[2 << 20]);
        var loop = LoopDevice.Attach(image, new LoopOptions(BlockSize: 4096));
        try
        {
            var store = RecordStore.Header(loop.Path);
            store.Write(First);
            store.Write(Second);
            AssertGood(Second, store.Read());
            var content = File.ReadAllBytes(image);
            Assert.Equal(RecordSamples.Block(Second), content.AsSpan(0, RecordFormat.BlockSize));
            Assert.Equal(RecordSamples.Block(Second), content.AsSpan(HeaderCopyB, RecordFormat.BlockSize));
        }
        finally
        {
            loop.Detach();
        }
    }

    [Fact]
    public void A_missing_device_is_an_error_not_an_absent_record() =>
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => RecordStore.Header("/nonexistent").Read()).Errno);

    [Fact]
    public void A_detached_file_is_created_whole_and_private_and_without_leftovers()
    {
        var file = Path.Combine(_directory.FullName, "record");
        File.WriteAllText(DurableFile.TemporaryName(file), "left by a power cut");
        var store = RecordStore.Detached(file);
        Assert.Equal(RecordReading.Nothing, store.Read());

        store.Write(First);
        Assert.Equal([.. RecordSamples.Block(First), .. RecordSamples.Block(First)], File.ReadAllBytes(file));
        Assert.Equal(0x180, FileStatus.Of(file).Mode);
        Assert.Equal(["record"], _directory.GetFiles().Select(entry => entry.Name));
        AssertGood(First, store.Read());
    }

    [Fact]
    public void A_detached_file_in_a_missing_directory_is_refused()
    {
        var store = RecordStore.Detached(Path.Combine(_directory.FullName, "none", "record"));
        Assert.Equal(RecordReading.Nothing, store.Read());
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => store.Write(First)).Errno);
        Assert.Empty(_directory.GetFileSystemInfos());
    }

    [Fact]
    public void A_detached_file_is_updated_in_place()
    {
        var file = Detached(RecordSamples.Block(First), RecordSamples.Block(First));
        using var held = File.OpenHandle(file);
        RecordStore.Detached(file).Write(Second);
        var through = new byte[2 * RecordFormat.BlockSize];
        Assert.Equal(through.Length, RandomAccess.Read(held, through, 0));
        Assert.Equal([.. RecordSamples.Block(Second), .. RecordSamples.Block(Second)], through);
    }

    [Fact]
    public void A_file_cut_in_half_is_repaired_to_its_full_length()
    {
        var file = Detached(RecordSamples.Block(Second), []);
        var store = RecordStore.Detached(file);
        store.Repair(store.Read());
        AssertGood(Second, store.Read());
        Assert.Equal(2 * RecordFormat.BlockSize, new FileInfo(file).Length);
    }

    public static IEnumerable<TheoryDataRow<byte[], byte[]>> Repairable =>
    [
        new(Bad, RecordSamples.Block(Second)),
        new(RecordSamples.Block(Second), Bad),
        new(RecordSamples.Block(First), RecordSamples.Block(Second)),
        new(RecordSamples.Block(Second), RecordSamples.Block(First)),
        new(new byte[4096], RecordSamples.Block(Second)),
        new(RecordSamples.Block(Second), new byte[4096]),
    ];

    [Theory]
    [MemberData(nameof(Repairable), DisableDiscoveryEnumeration = true)]
    public void Repair_makes_both_copies_the_newest(byte[] a, byte[] b)
    {
        var file = Detached(a, b);
        var store = RecordStore.Detached(file);
        store.Repair(store.Read());
        AssertGood(Second, store.Read());
    }

    [Fact]
    public void Without_a_good_copy_nothing_is_repaired()
    {
        var store = RecordStore.Detached(Detached(Bad, Bad));
        Assert.Throws<ArgumentException>(() => store.Repair(store.Read()));
        Assert.Throws<ArgumentException>(() => store.Repair(RecordReading.Nothing));
    }

    [Theory]
    [InlineData("damaged", "it is damaged: copy A is bad: the checksum is wrong; copy B is bad: the checksum is wrong")]
    [InlineData("newer", "it has format version 4, written by a later Sealdisk")]
    [InlineData("another", "it belongs to volume 11111111-2222-3333-4444-555555555555")]
    [InlineData("generation", "it has generation 2, and generation 2 would not be newer")]
    public void A_record_that_would_be_lost_is_never_replaced(string kind, string reason)
    {
        byte[] a = Bad, b = Bad;
        if (kind == "newer")
            (a, b) = (RecordSamples.Vector(Path.Combine(RecordSamples.VectorDirectory, "newer.hex")).Bytes, RecordSamples.Block(First));
        else if (kind == "another")
            a = RecordSamples.Block(First with { Uuid = Guid.Parse("11111111-2222-3333-4444-555555555555") });
        else if (kind == "generation")
            (a, b) = (RecordSamples.Block(First), RecordSamples.Block(Second with { LifeCycle = "open" }));
        var file = Detached(a, b);
        var refused = Assert.Throws<SealdiskException>(() => RecordStore.Detached(file).Write(Second));
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Equal($"cannot replace the record in {file}: {reason}", refused.Message);
        Assert.Equal([.. a, .. b], File.ReadAllBytes(file));
    }

    [Fact]
    public void An_impossible_record_changes_nothing()
    {
        var file = Detached(RecordSamples.Block(First), Bad);
        var impossible = Second.WithLayout(layout => layout with { SectorSize = 0 });
        Assert.Throws<ArgumentException>(() => RecordStore.Detached(file).Write(impossible));
        Assert.Equal([.. RecordSamples.Block(First), .. Bad], File.ReadAllBytes(file));
    }

    /// <summary>The first write fails: which copy it was for shows that the good one comes last.</summary>
    public static IEnumerable<TheoryDataRow<byte[], byte[], string>> WriteOrder =>
    [
        new(
            RecordSamples.Block(First),
            RecordSamples.Block(First),
            "copy A of the record in {0}: Operation not permitted (EPERM); copy B still holds generation 1"),
        new(
            Bad,
            RecordSamples.Block(First),
            "copy A of the record in {0}: Operation not permitted (EPERM); copy B still holds generation 1"),
        new(
            RecordSamples.Block(First),
            Bad,
            "copy B of the record in {0}: Operation not permitted (EPERM); copy A still holds generation 1"),
        new(
            RecordSamples.Block(First with { Generation = 2 }),
            RecordSamples.Block(First),
            "copy B of the record in {0}: Operation not permitted (EPERM); copy A still holds generation 2"),
        new(
            RecordSamples.Block(First),
            [],
            "copy B of the record in {0}: Operation not permitted (EPERM); copy A still holds generation 1"),
    ];

    [Theory]
    [MemberData(nameof(WriteOrder), DisableDiscoveryEnumeration = true)]
    public void The_weaker_copy_is_written_first_and_a_failure_stops_there(byte[] a, byte[] b, string expected)
    {
        using var memory = new SealedMemory([.. a, .. b], SealedMemory.NoWriting);
        var failed = Assert.Throws<SealdiskException>(() => RecordStore.Detached(memory.Path).Write(Second with { Generation = 3 }));
        Assert.Equal(ExitCode.Failed, failed.Code);
        Assert.Equal("cannot write " + string.Format(null, expected, memory.Path), failed.Message);
        Assert.IsType<LinuxException>(failed.InnerException);
        Assert.Equal([.. a, .. b], File.ReadAllBytes(memory.Path));
    }

    /// <summary>A header is claimed before it is written; as long as that fails, nothing else is.</summary>
    [Fact]
    public void After_a_claim_that_fails_nothing_else_is_written()
    {
        using var memory = new SealedMemory(new byte[1 << 20], SealedMemory.NoWriting);
        var failed = Assert.Throws<SealdiskException>(() => RecordStore.Header(memory.Path).Write(First));
        Assert.Equal(
            $"cannot write copy B of the record in {memory.Path}: Operation not permitted (EPERM); nothing else was written",
            failed.Message);
        Assert.Equal(new byte[1 << 20], File.ReadAllBytes(memory.Path));
    }

    [Fact]
    public void If_the_second_write_fails_the_first_copy_is_good()
    {
        // Room for copy A and the claim, and no more.
        using var memory = new SealedMemory(new byte[HeaderCopyB + RecordFormat.ClaimSize], SealedMemory.NoGrowth);
        var store = RecordStore.Header(memory.Path);
        var failed = Assert.Throws<SealdiskException>(() => store.Write(First));
        Assert.Equal(
            $"cannot write copy B of the record in {memory.Path}: Operation not permitted (EPERM); copy A holds generation 1",
            failed.Message);
        var good = Assert.IsType<RecordOutcome.Good>(store.Read().Outcome);
        Assert.Equal(First, good.Record);
        Assert.Equal([1], good.CopiesToRepair);
    }

    [Fact]
    public void A_full_disk_is_reported() =>
        Assert.Equal(
            "cannot write copy B of the record in /dev/full: No space left on device (ENOSPC); nothing else was written",
            Assert.Throws<SealdiskException>(() => RecordStore.Header("/dev/full").Write(First)).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(8192)]
    public void An_empty_detached_file_is_replaced_as_a_whole(int size)
    {
        var file = Detached(new byte[size], []);
        using var held = File.OpenHandle(file);
        RecordStore.Detached(file).Write(First);
        AssertGood(First, RecordStore.Detached(file).Read());
        Assert.Equal(size, RandomAccess.GetLength(held));
    }

    [Fact]
    public void A_file_that_is_not_a_record_is_never_written()
    {
        var file = Detached("# somebody's configuration"u8.ToArray(), []);
        var before = File.ReadAllBytes(file);
        var store = RecordStore.Detached(file);
        foreach (var act in new Action[] { () => store.Write(First), () => store.Restore(First), store.Destroy })
        {
            var refused = Assert.Throws<SealdiskException>(act);
            Assert.Equal((ExitCode.Refused, $"cannot use {file} as a record: it holds something else"), (refused.Code, refused.Message));
        }
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public void A_detached_record_behind_a_link_is_written_through_it()
    {
        var link = Path.Combine(_directory.FullName, "link");
        var file = Path.Combine(_directory.FullName, "record");
        File.WriteAllBytes(file, []);
        File.CreateSymbolicLink(link, file);
        RecordStore.Detached(link).Write(First);
        Assert.Equal(file, new FileInfo(link).LinkTarget);
        AssertGood(First, RecordStore.Detached(file).Read());
        RecordStore.Detached(link).Destroy();
        Assert.False(File.Exists(file));
    }

    [Theory]
    [MemberData(nameof(Repairable), DisableDiscoveryEnumeration = true)]
    public void Restore_overwrites_anything_and_may_go_back_a_generation(byte[] a, byte[] b)
    {
        var store = RecordStore.Detached(Detached(a, b));
        store.Restore(First);
        AssertGood(First, store.Read());
    }

    [Fact]
    public void Destroy_leaves_nothing_of_a_detached_record()
    {
        var file = Detached(RecordSamples.Block(Second), RecordSamples.Block(Second));
        File.WriteAllText(DurableFile.TemporaryName(file), "left by a power cut");
        using var held = File.OpenHandle(file);
        RecordStore.Detached(file).Destroy();
        Assert.Empty(_directory.GetFiles());
        var left = new byte[2 * RecordFormat.BlockSize];
        Assert.Equal(left.Length, RandomAccess.Read(held, left, 0));
        Assert.Equal(new byte[2 * RecordFormat.BlockSize], left);
        RecordStore.Detached(file).Destroy();
    }

    [Fact]
    public void Destroy_blanks_only_the_copies_of_a_header()
    {
        var image = Path.Combine(_directory.FullName, "image");
        var content = new byte[2 << 20];
        Array.Fill(content, (byte)0x5A);
        File.WriteAllBytes(image, content);
        var store = RecordStore.Header(image);
        store.Write(First);
        store.Destroy();
        content.AsSpan(0, 4096).Clear();
        content.AsSpan(HeaderCopyB, 4096).Clear();
        Assert.Equal(content, File.ReadAllBytes(image));
    }

    /// <summary>Power fails while the 8 sectors of a copy are written: any of them may be old, new or unreadable rubbish.</summary>
    [Fact]
    public void A_copy_torn_at_any_point_leaves_a_good_record() =>
        Gen.Select(Gen.Int[0, 2].Array[8], Gen.Bool).Sample((sectors, second) =>
        {
            byte[] old = RecordSamples.Block(First), made = RecordSamples.Block(Second);
            var torn = new byte[4096];
            for (var i = 0; i < sectors.Length; i++)
                (sectors[i] switch { 0 => old, 1 => made, _ => Rubbish }).AsSpan(i * 512, 512).CopyTo(torn.AsSpan(i * 512));
            var (a, b) = second ? (RecordFormat.Read(made), RecordFormat.Read(torn)) : (RecordFormat.Read(torn), RecordFormat.Read(old));
            return new RecordReading(a, b).Outcome is RecordOutcome.Good good
                && (good.Record == Second || (!second && good.Record == First));
        }, iter: 5_000);

    private static readonly byte[] Rubbish = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 7))];

    private string Detached(byte[] a, byte[] b)
    {
        var file = Path.Combine(_directory.FullName, "record");
        File.WriteAllBytes(file, [.. a, .. b]);
        return file;
    }

    private static byte[] Damaged(byte[] block)
    {
        block[100] ^= 1;
        return block;
    }

    private static void AssertGood(VolumeRecord expected, RecordReading reading)
    {
        var good = Assert.IsType<RecordOutcome.Good>(reading.Outcome);
        Assert.Equal(expected, good.Record);
        Assert.Empty(good.CopiesToRepair);
        Assert.Null(good.Why);
    }
}
