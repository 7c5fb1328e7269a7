using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>
/// Records, keys and contents that are whole and wrong: another volume's, another device's, an older one, somebody's who mended the
/// checksum; and what somebody planted. `up` says what is wrong and what to do, and writes to no file; `check` says the same before.
/// </summary>
[Trait("needs", "native")]
public sealed class WrongRecordTests(WrongRecordTests.Volumes volumes) : IClassFixture<WrongRecordTests.Volumes>
{
    private const string Import = "'sealdisk record import";
    private const string NotItsData = "the data were overwritten, or the record belongs to another volume";

    private static readonly Case[] s_cases =
    [
        new(
            "both copies lost",
            there => there.Lose(),
            ExitCode.Refused,
            "has no record and is not blank: data of unknown kind, which may be a volume whose record was lost",
            Import),
        new(
            "both copies blank",
            there => there.Put(new byte[4096], 0, 1),
            ExitCode.Refused,
            "has no record and is not blank: data of unknown kind",
            Import),
        new(
            "both copies FF",
            there => there.Put([.. Enumerable.Repeat((byte)0xFF, 4096)], 0, 1),
            ExitCode.Refused,
            "has no record and is not blank: data of unknown kind",
            Import),
        new(
            "both copies bad",
            there => there.Record.Spoil(0, 1),
            ExitCode.Refused,
            "its record is damaged: copy A is bad: the checksum is wrong; copy B is bad: the checksum is wrong",
            Import),
        new(
            "A bad, B blank",
            there =>
            {
                there.Record.Spoil(0);
                there.Put(new byte[4096], 1);
            },
            ExitCode.Refused,
            "its record is damaged: copy A is bad: the checksum is wrong; copy B is missing: blank",
            Import),
        new(
            "A blank, B bad",
            there =>
            {
                there.Record.Spoil(1);
                there.Put(new byte[4096], 0);
            },
            ExitCode.Refused,
            "its record is damaged: copy A is missing: blank; copy B is bad",
            Import),

        new(
            "the record of another volume",
            there => there.Put(there.Neighbour, 0, 1),
            ExitCode.Refused,
            "the mapping should hold ext4",
            NotItsData),
        new(
            "copy A of another volume",
            there => there.Put(there.Neighbour, 0),
            ExitCode.Refused,
            "its record is damaged: the copies are of two volumes",
            "'sealdisk repair"),
        new(
            "copy B of another volume",
            there => there.Put(there.Neighbour, 1),
            ExitCode.Refused,
            "its record is damaged: the copies are of two volumes",
            "'sealdisk repair"),
        new(
            "another volume's, and A bad",
            there =>
            {
                there.Put(there.Neighbour, 0, 1);
                there.Record.Spoil(0);
            },
            ExitCode.Refused,
            "the mapping should hold ext4",
            NotItsData),
        new(
            "the record of another device",
            there => there.Put(there.Stranger, 0, 1),
            ExitCode.DoesNotOpen,
            "it does not open with this device's key",
            "sealed by another device or under another HUK"),
        new(
            "copy A of another device",
            there => there.Put(there.Stranger, 0),
            ExitCode.Refused,
            "its record is damaged: the copies are of two volumes",
            "'sealdisk repair"),

        new(
            "the key of another volume",
            there => there.Change(record => record.WithSealedKey(KeyOf(there.Neighbour)), 0, 1),
            ExitCode.Refused,
            "the mapping should hold ext4",
            NotItsData),
        new(
            "the key of another volume, newer",
            there => there.Change(record => record.WithSealedKey(KeyOf(there.Neighbour)) with { Generation = 9 }, 0),
            ExitCode.Refused,
            "the mapping should hold ext4",
            NotItsData),
        new(
            "the key of another volume in copy A",
            there => there.Change(record => record.WithSealedKey(KeyOf(there.Neighbour)), 0),
            ExitCode.Refused,
            "both copies have generation 2, and they differ",
            "'sealdisk repair"),
        new(
            "the key of another device",
            there => there.Change(record => record.WithSealedKey(KeyOf(there.Stranger)), 0, 1),
            ExitCode.DoesNotOpen,
            "it does not open with this device's key",
            "sealed by another device or under another HUK"),
        new(
            "a key of another size",
            there => there.Change(record => record.WithSealedKey(there.ShortKey), 0, 1),
            ExitCode.Usage,
            "it seals a key of 32 bytes, and 64 are asked for",
            "is it the sealed key of another volume?"),
        new(
            "a key with one digit changed",
            there => there.Change(record => record.WithSealedKey(Flipped), 0, 1),
            ExitCode.DoesNotOpen,
            "it does not open with this device's key",
            "or the blob was altered"),
        new(
            "half a key",
            there => there.Change(record => record.WithSealedKey(text => text[..64]), 0, 1),
            ExitCode.DoesNotOpen,
            "cannot unseal",
            "blob"),

        new(
            "provisioning, generation 1",
            there => there.Change(record => record with { Generation = 1, State = VolumeState.Provisioning, FilesystemUuid = null }, 0, 1),
            ExitCode.Refused,
            "its record says that its first boot never finished, but the volume holds a filesystem that was mounted",
            "'sealdisk repair"),
        new(
            "another cipher",
            there => there.Change(record => record.WithCipher("aes-xts-plain"), 0, 1),
            ExitCode.Refused,
            "the configuration says cipher aes-xts-plain64, its record says aes-xts-plain",
            "correct the configuration"),
        new(
            "another key size",
            there => there.Change(record => record.WithKeySize(32), 0, 1),
            ExitCode.Refused,
            "the configuration says key-size 64, its record says 32",
            "correct the configuration"),
        new(
            "another sector size",
            there => there.Change(record => record.WithLayout(layout => layout with { SectorSize = 512 }), 0, 1),
            ExitCode.Refused,
            "the configuration says sector-size 4096, its record says 512",
            "correct the configuration"),
        new(
            "another source",
            there => there.Change(record => record with { Source = TrustSource.Tee }, 0, 1),
            ExitCode.Refused,
            "the configuration says source soft, its record says tee",
            "correct the configuration"),
        new(
            "another filesystem",
            there => there.Change(record => record with { Filesystem = "xfs" }, 0, 1),
            ExitCode.Refused,
            "the configuration says filesystem ext4, its record says xfs",
            "correct the configuration"),
        new(
            "another filesystem UUID",
            there => there.Change(record => record with { FilesystemUuid = Situation.Uuid }, 0, 1),
            ExitCode.Refused,
            $"the mapping should hold ext4 {Situation.Uuid} and holds a plain ext4 filesystem",
            NotItsData),
        new(
            "another IV offset",
            there => there.Change(record => record.WithLayout(layout => layout with { IvOffset = 8 }), 0, 1),
            ExitCode.Refused,
            "the mapping should hold ext4",
            NotItsData),
        new(
            "data elsewhere",
            there => there.Change(record => record.WithData(record.Format.Offset.Count + 8, record.Format.Length.Count - 8), 0, 1),
            ExitCode.Refused,
            "its data should begin at sector",
            "correct the configuration"),
        new(
            "data longer than the device",
            there => there.Change(record => record.WithLength(sectors => sectors + 8), 0, 1),
            ExitCode.Refused,
            "it was truncated",
            "restore the whole device"),
        new(
            "data shorter than the filesystem",
            there => there.Change(record => record.WithLength(sectors => sectors - 2048), 0, 1),
            ExitCode.Refused,
            "bytes, but its record gives it only ",
            Import),

        new("image cut by a sector", there => there.Truncate(-512), ExitCode.Refused, "it was truncated", "restore the whole device"),
        new(
            "image cut to half",
            there => there.Truncate(-4 * TestVolume.MiB),
            ExitCode.Refused,
            "it was truncated",
            "restore the whole device"),
        new("image cut to nothing", there => there.Truncate(-8 * TestVolume.MiB), null, "", "restore the whole device"),

        new(
            "planted ext4",
            there => Tool.Run("mkfs.ext4", "-q", "-F", there.Volume.Image),
            ExitCode.Refused,
            "a plain ext4 filesystem",
            ""),
        new(
            "planted LUKS1",
            there => Tool.Shell("echo key | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $1 -", there.Volume.Image),
            ExitCode.Refused,
            "",
            ""),
        new("planted LUKS header", there => there.PlantLuksHeader(), ExitCode.Refused, "", ""),
        new(
            "planted gpt",
            there => Tool.Shell("printf 'label: gpt\\n,4M\\n' | sfdisk -q $1", there.Volume.Image),
            ExitCode.Refused,
            "",
            ""),
    ];

    public static IEnumerable<TheoryDataRow<string, string>> Cases =>
        s_cases.SelectMany(one => new[] { "header", "detached" }, (one, where) => new TheoryDataRow<string, string>(one.Name, where));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_wrong_record_stops_the_volume_with_a_hint_and_nothing_is_written(string name, string where)
    {
        var there = volumes.In(where);
        there.Restore();
        var (_, tamper, code, message, hint) = s_cases.Single(one => one.Name == name);
        tamper(there);
        var before = there.Volume.Snapshot();
        foreach (var verb in new[] { "up", "check" })
        {
            var result = there.Volume.Run(verb);
            TestContext.Current.TestOutputHelper!.WriteLine($"{verb}: {result.Exit}\n{result.Stdout}{result.Stderr}");
            Assert.Equal(before, there.Volume.Snapshot());
            there.Volume.AssertNothingOpen();
            if (code is not null)
                TestVolume.AssertFailure(result, code.Value, "cannot ", hint);
            Assert.NotEqual(0, result.Exit);
            Assert.Contains("hint: ", result.Stderr, StringComparison.Ordinal);
            if (verb == "up")
                Assert.Contains(message, result.Stderr, StringComparison.Ordinal);
        }
    }

    /// <summary>What it takes of a header is a copy of the record; before data without one there is the unused first KiB of ext4.</summary>
    [Fact]
    public void A_planted_dos_partition_table_stops_a_header_but_not_a_detached_record()
    {
        const string Plant = "printf 'label: dos\\n,4M\\n' | sfdisk -q $1";
        var there = volumes.In("header");
        there.Restore();
        Tool.Shell(Plant, there.Volume.Image);
        there.Volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {there.Volume.Name}: {there.Volume.Image} holds a dos partition table where its record should be",
            "'sealdisk repair");
        there = volumes.In("detached");
        there.Restore();
        Tool.Shell(Plant, there.Volume.Image);
        there.Volume.Up();
        there.Volume.AssertFileKept();
        there.Volume.Down();
    }

    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void An_image_that_has_grown_comes_up(string where)
    {
        var there = volumes.In(where);
        there.Restore();
        there.Truncate(4 * TestVolume.MiB);
        there.Volume.Up();
        there.Volume.AssertFileKept();
        there.Volume.Down();
        var path = there.Record.Path;
        var store = path == there.Volume.Image ? RecordStore.Header(path) : RecordStore.Detached(path);
        Assert.Empty(Assert.IsType<RecordOutcome.Good>(store.Read().Outcome).CopiesToRepair);
    }

    private static string KeyOf(byte[] copy) => Assert.IsType<CopyReading.Valid>(RecordFormat.Read(copy)).Record.Key.Text;

    private static string Flipped(string key) => key[..20] + (key[20] == '0' ? '1' : '0') + key[21..];

    /// <summary>One way to be wrong.</summary>
    private sealed record Case(string Name, Action<TamperedVolume> Tamper, ExitCode? Code, string Message, string Hint);

    /// <summary>A volume that had its first boot, and what belongs to others.</summary>
    public sealed class Volumes : IDisposable
    {
        private readonly Dictionary<string, TamperedVolume> _volumes = [];

        internal TamperedVolume In(string where) =>
            _volumes.TryGetValue(where, out var there) ? there : _volumes[where] = new TamperedVolume(where);

        public void Dispose()
        {
            foreach (var there in _volumes.Values)
                there.Volume.Dispose();
        }
    }

    internal sealed class TamperedVolume
    {
        private readonly byte[] _image;
        private readonly byte[]? _record;

        public TamperedVolume(string where)
        {
            Volume = TestVolume.With();
            if (where == "detached")
                Volume.Change("record", Volume["record"]);
            Record = new RecordFile(where == "header" ? Volume.Image : Volume["record"], where == "header");
            Stranger = Made();
            Volume.NewHuk("huk.hex");
            Neighbour = Made();
            TestVolume.Done(NativeBinary.Run(
                "key", "new", "k", "--size", "32", "--blob", Volume["short"], "--source", "soft", "--huk",
                Volume["huk.hex"]));
            ShortKey = File.ReadAllText(Volume["short"]).Trim();
            Made();
            _image = File.ReadAllBytes(Volume.Image);
            _record = where == "header" ? null : File.ReadAllBytes(Volume["record"]);
        }

        public TestVolume Volume { get; }

        public RecordFile Record { get; }

        /// <summary>A record of another volume of the same device.</summary>
        public byte[] Neighbour { get; }

        /// <summary>A record of another device's volume.</summary>
        public byte[] Stranger { get; }

        /// <summary>A key of 32 bytes, sealed by this device.</summary>
        public string ShortKey { get; }

        public void Restore()
        {
            File.WriteAllBytes(Volume.Image, _image);
            if (_record is not null)
                File.WriteAllBytes(Volume["record"], _record);
        }

        public void Lose()
        {
            if (_record is not null)
                File.Delete(Volume["record"]);
            else
                Record.Put(0, new byte[TestVolume.MiB]);
        }

        public void Put(byte[] bytes, params ReadOnlySpan<int> copies)
        {
            foreach (var copy in copies)
                Record[copy] = bytes;
        }

        public void Change(Func<VolumeRecord, VolumeRecord> change, params ReadOnlySpan<int> copies) => Record.Rewrite(change, copies);

        public void Truncate(long by)
        {
            using var image = File.OpenHandle(Volume.Image, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(image, RandomAccess.GetLength(image) + by);
        }

        /// <summary>The first 4096 bytes of one, by which it is recognised.</summary>
        public void PlantLuksHeader() => Tool.Shell(
            "truncate -s 4M $2; echo key | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $2 -; "
                + "dd if=$2 of=$1 bs=4096 count=1 conv=notrunc status=none; rm $2",
            Volume.Image,
            Volume["luks"]);

        private byte[] Made()
        {
            File.Delete(Volume.Image);
            File.Delete(Volume["record"]);
            Volume.FirstBoot();
            return Record[0];
        }
    }
}
