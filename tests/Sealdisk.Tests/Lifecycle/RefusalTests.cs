using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>
/// Everything that must not be brought up, through the published binary: exit code, message, not one byte changed, nothing left open.
/// `check` and `plan` come to the same conclusion as `up` wherever they can know.
/// </summary>
[Trait("needs", "native")]
public sealed class RefusalTests
{
    private const int CopyB = 524288;

    [Fact]
    public void A_missing_device_is_reported()
    {
        using var volume = TestVolume.With(("device", "/nowhere/disk"), ("size", null));
        foreach (var verb in new[] { "up", "plan", "check" })
            volume.Refused(
                verb,
                ExitCode.Failed,
                $"cannot bring up {volume.Name}: /nowhere/disk does not exist (ENOENT)",
                "set its 'size'");
        Assert.Equal("refused", volume.State);
    }

    [Fact]
    public void A_directory_is_not_accepted_as_a_device()
    {
        using var volume = TestVolume.With();
        Directory.CreateDirectory(volume.Image);
        volume.Refused("up", ExitCode.Usage, $"cannot use {volume.Image}: it is neither a block device nor a regular file");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    [InlineData(TestVolume.MiB)]
    [InlineData(TestVolume.MiB + (256 * 1024) - 1)]
    public void An_image_too_small_for_its_header_and_data_is_refused(int size)
    {
        using var volume = TestVolume.With();
        File.WriteAllBytes(volume.Image, new byte[size]);
        volume.Refused(
            "up",
            ExitCode.Usage,
            $"cannot bring up {volume.Name}: {volume.Image} has {size} bytes; the header record takes 1048576, "
                + "and at least 262144 are needed for data");
    }

    [Fact]
    public void A_truncated_image_is_refused()
    {
        using var volume = TestVolume.Ready();
        Tool.Run("truncate", "-s", "-4096", volume.Image);
        foreach (var verb in new[] { "up", "plan", "check" })
            volume.Refused(
                verb,
                ExitCode.Refused,
                $"cannot bring up {volume.Name}: {volume.Image} has 8384512 bytes, "
                    + "but its record describes data up to byte 8388608: it was truncated",
                "restore the whole device");
    }

    [Theory]
    [InlineData("plain ext4", "mkfs.ext4 -q -F $1", "has no record and holds a plain ext4 filesystem", "first-boot")]
    [InlineData(
        "partitions",
        "printf 'label: gpt\\n,4M\\n' | sfdisk -q $1",
        "has no record and is not blank: a gpt partition table",
        "make it blank yourself")]
    [InlineData(
        "LUKS",
        "echo key | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $1 -",
        "has no record and is not blank: a LUKS volume",
        "make it blank yourself")]
    [InlineData(
        "random",
        "dd if=/dev/urandom of=$1 bs=1M count=8 status=none",
        "has no record and is not blank: data of unknown kind, which may be a volume whose record was lost",
        "sealdisk record import")]
    [InlineData(
        "random at the end",
        "truncate -s 7M $1; dd if=/dev/urandom of=$1 bs=1M count=1 seek=7 status=none",
        "has no record and is not blank: data of unknown kind",
        "sealdisk erase")]
    public void A_device_that_is_not_blank_is_refused(string what, string make, string message, string hint)
    {
        foreach (var record in new[] { "header", "detached" })
        {
            foreach (var firstBoot in new[] { "blank", "replace" })
            {
                if (what == "plain ext4" && firstBoot == "replace")
                    continue; // that one goes on, see LifeCycleTests
                using var volume = TestVolume.With(("first-boot", firstBoot));
                if (record == "detached")
                    volume.Change("record", volume["record"]);
                Tool.Shell($"truncate -s 8M $1; {make}", volume.Image);
                foreach (var verb in new[] { "up", "plan", "check" })
                    volume.Refused(verb, ExitCode.Refused, $"cannot bring up {volume.Name}: {volume.Image} {message}", hint);
            }
        }
    }

    [Fact]
    public void A_device_in_use_is_not_brought_up()
    {
        using var volume = TestVolume.With(("size", null));
        Tool.Shell("truncate -s 8M $1; mkfs.ext4 -q -F $1; mkdir $2", volume.Image, volume.Mount);
        var loop = volume.Attach("image");
        var before = volume.Fingerprint();
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            $"cannot use {volume.Image}: it is attached to {loop} (EBUSY)",
            "release it first");
        volume.Change("device", loop);
        volume.Change("first-boot", "replace");
        Tool.Run("mount", "-o", "ro", loop, volume.Mount);
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            $"cannot mount {volume.Name} on {volume.Mount}: {loop} is mounted there",
            $"umount {volume.Mount}");
        Directory.CreateDirectory(volume["elsewhere"]);
        volume.Change("mount", volume["elsewhere"]);
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            $"cannot use {loop}: it is mounted on {volume.Mount} (EBUSY)",
            "release it first");
        Tool.Run("umount", volume.Mount);
        using (File.Open(volume["elsewhere/x"], FileMode.Create))
            volume.AssertNothingOpen();
        Assert.Contains("image", before, StringComparison.Ordinal);
        Assert.Equal(
            before.Split('\n').Where(line => line.EndsWith("/image", StringComparison.Ordinal)),
            volume.Fingerprint().Split('\n').Where(line => line.EndsWith("/image", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_device_that_another_mapping_uses_is_not_brought_up(bool block)
    {
        using var volume = TestVolume.Ready();
        var device = block ? volume.Attach("image", "-b", "4096") : volume.Image;
        volume.Change("device", device);
        if (block)
            volume.Remove("size");
        var other = volume.Name + "-other";
        TestVolume.Done(NativeBinary.Run("map", "open", other, device, "--huk", volume["huk.hex"]));
        TestVolume.AssertFailure(
            volume.Run("up"),
            ExitCode.Failed,
            $"cannot use {device}: mapping {other} has it open (EBUSY)",
            "release it first");
        Assert.False(Directory.Exists($"/run/sealdisk/{volume.Name}"));
        TestVolume.Done(NativeBinary.Run("map", "close", other));
        volume.Up();
        TestVolume.AssertFailure(
            NativeBinary.Run("map", "open", other, device, "--huk", volume["huk.hex"]), ExitCode.Failed, $"cannot ", "'sealdisk map list'");
        volume.Down();
    }

    [Fact]
    public void A_mapping_of_another_device_with_the_same_name_is_left_alone()
    {
        using var volume = TestVolume.Ready();
        File.Copy(volume.Image, volume["copy"]);
        TestVolume.Done(NativeBinary.Run("map", "open", volume.Name, volume["copy"], "--huk", volume["huk.hex"]));
        TestVolume.AssertFailure(
            volume.Run("up"), ExitCode.Failed,
            $"cannot bring up {volume.Name}: the mapping of that name decrypts {volume["copy"]}, not {volume.Image}",
            $"'sealdisk map close {volume.Name}' closes it");
        // Nor may it be taken down by this volume's name: it is somebody else's.
        TestVolume.AssertFailure(
            volume.Run("down"), ExitCode.Failed,
            $"cannot take down {volume.Name}: the mapping of that name decrypts {volume["copy"]}, not {volume.Image}",
            $"'sealdisk map close {volume.Name}' closes it");
        TestVolume.Done(NativeBinary.Run("map", "close", volume.Name));
    }

    [Theory]
    [InlineData("short", "600", "00112233", ExitCode.Usage, "cannot use HUK file ")]
    [InlineData("not hex", "600", "zz112233445566778899aabbccddeeff", ExitCode.Usage, "cannot use HUK file ")]
    [InlineData(
        "long", "600", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00", ExitCode.Usage,
        "cannot use HUK file ")]
    [InlineData("empty", "600", "", ExitCode.Usage, "cannot use HUK file ")]
    [InlineData("readable by others", "644", "00112233445566778899aabbccddeeff", ExitCode.Usage, "cannot use HUK file ")]
    [InlineData("another device's", "600", "00112233445566778899aabbccddeeff", ExitCode.DoesNotOpen, "cannot unseal the key of ")]
    [InlineData("missing", "", null, ExitCode.Usage, "cannot open ")]
    public void A_HUK_that_is_wrong_or_unsafe_is_refused(string what, string mode, string? text, ExitCode code, string message)
    {
        using var ready = TestVolume.Ready();
        using var blank = TestVolume.With();
        foreach (var volume in new[] { ready, blank })
        {
            File.Delete(volume["huk.hex"]);
            if (text is not null)
            {
                File.WriteAllText(volume["huk.hex"], text);
                Tool.Run("chmod", mode, volume["huk.hex"]);
            }
        }
        ready.Refused("up", code, message);
        ready.Refused("check", code, message);
        if (code != ExitCode.DoesNotOpen)
        {
            TestVolume.AssertFailure(blank.Run("up"), code, message);
            blank.AssertNothingOpen();
            Assert.DoesNotContain("SEALDISK", File.Exists(blank.Image) ? File.ReadAllText(blank.Image) : "", StringComparison.Ordinal);
        }
        Assert.NotEmpty(what);
    }

    [Theory]
    [InlineData("header", 0)]
    [InlineData("header", CopyB)]
    [InlineData("detached", 0)]
    [InlineData("detached", 4096)]
    public void One_damaged_copy_is_repaired_and_reported(string where, int copy)
    {
        using var volume = With(where, out var file);
        var sound = volume.Fingerprint();
        Damage(file, copy + 100);
        var name = copy == 0 ? 'A' : 'B';
        Assert.Equal($"one bad: copy {name} is bad: the checksum is wrong", volume.Json("status").GetProperty("record_copies").GetString());
        Assert.Contains(
            $"one copy of the record will be repaired: copy {name} is bad",
            TestVolume.Done(volume.Run("check")).Stdout,
            StringComparison.Ordinal);

        // Where the key does not open, not even the repair is made.
        File.Move(volume["huk.hex"], volume["huk.right"]);
        volume.NewHuk("huk.hex");
        volume.Refused(
            "up",
            ExitCode.DoesNotOpen,
            $"cannot unseal the key of {volume.Name}: it does not open with this device's key",
            "another device");
        File.Move(volume["huk.right"], volume["huk.hex"], overwrite: true);

        Assert.Contains(
            $"rewrite the bad copy of the record: copy {name} is bad: the checksum is wrong",
            volume.Up().Stderr,
            StringComparison.Ordinal);
        Assert.Equal("both good", volume.Json("status").GetProperty("record_copies").GetString());
        volume.Down();
        Damage(file, 0, 0); // no change: the file is read anew
        Assert.Equal(Line(sound, "record"), Line(volume.Fingerprint(), "record"));
    }

    [Theory]
    [InlineData("header", CopyB)]
    [InlineData("detached", 4096)]
    public void Two_damaged_copies_are_refused(string where, int second)
    {
        using var volume = With(where, out var file);
        volume.Change("first-boot", "replace");
        Damage(file, 100);
        Damage(file, second + 100);
        foreach (var verb in new[] { "up", "plan", "check" })
            volume.Refused(
                verb,
                ExitCode.Refused,
                $"cannot bring up {volume.Name}: its record is damaged: copy A is bad: the checksum is wrong; copy B is bad: "
                    + "the checksum is wrong",
                "nothing was changed");
        Assert.Equal("refused", volume.State);
    }

    [Theory]
    [InlineData("header", CopyB)]
    [InlineData("detached", 4096)]
    public void A_record_of_another_format_version_is_refused(string where, int second)
    {
        using var volume = With(where, out var file);
        foreach (var (version, words) in ((byte, string)[])
        [
            (4, "4, written by a later Sealdisk"),
            (2, "2, which no release of Sealdisk has written"),
            (1, "1, which no release of Sealdisk has written"),
        ])
        {
            Rewrite(file, [0, second], block => block[8] = version);
            foreach (var verb in new[] { "up", "plan", "check" })
                volume.Refused(
                    verb,
                    ExitCode.Refused,
                    $"cannot bring up {volume.Name}: its record has format version {words}; this Sealdisk reads version 3",
                    "use the Sealdisk that wrote it");
        }
    }

    /// <summary>Nothing mounts, repairs, imports, rotates or renames what is half plaintext.</summary>
    [Fact]
    public void A_volume_that_was_being_converted_is_refused_by_every_verb()
    {
        const string Words = "its data were being converted in place, and this version of Sealdisk cannot continue that";
        using var volume = TestVolume.Ready();
        volume.Record.Rewrite(Converting, 0, 1);
        File.WriteAllBytes(volume["backup"], [.. volume.Record[0], .. volume.Record[0]]);
        foreach (var verb in new[] { "up", "plan", "check", "rotate" })
            volume.Refused(verb, ExitCode.Refused, $"cannot bring up {volume.Name}: {Words}", "nothing was changed");

        volume.Record.Rewrite(record => record with { Name = "before" }, 0, 1);
        Refused("record", "rename", "before", volume.Name);
        volume.Record.Rewrite(record => record with { Name = volume.Name }, 0, 1);
        volume.Record.Spoil(0);
        Refused("repair", volume.Name);
        volume.Record.Spoil(1);
        Refused("record", "import", volume.Name, volume["backup"]);

        void Refused(params string[] arguments)
        {
            var before = volume.Fingerprint();
            TestVolume.AssertFailure(
                volume.Run(arguments[0], arguments[1..]),
                ExitCode.Refused,
                $"cannot vouch for {volume.Name}: {Words}",
                "nothing was changed");
            Assert.Equal(before, volume.Fingerprint());
        }

        static VolumeRecord Converting(VolumeRecord record) => record with
        {
            State = VolumeState.Converting,
            Conversion = new ConversionProgress(
                Encrypts: true, Boundary: Sectors.Zero, Zone: new Sectors(16), record.Format.Length, JournalLength: new Sectors(24)),
        };
    }

    [Theory]
    [InlineData("cipher", "aes-xts-plain", "cipher aes-xts-plain, its record says aes-xts-plain64")]
    [InlineData("key-size", 32, "key-size 32, its record says 64")]
    [InlineData("sector-size", 512, "sector-size 512, its record says 4096")]
    [InlineData("iv-large-sectors", true, "iv-large-sectors true, its record says false")]
    [InlineData("filesystem", "xfs", "filesystem xfs, its record says ext4")]
    public void A_configuration_that_contradicts_the_record_is_refused(string key, object value, string message)
    {
        using var volume = TestVolume.Ready();
        volume.Change(key, value);
        foreach (var verb in new[] { "up", "plan", "check" })
            volume.Refused(
                verb,
                ExitCode.Refused,
                $"cannot bring up {volume.Name}: the configuration says {message}",
                "the configuration decides and the record must agree");
    }

    [Fact]
    public void A_record_of_another_source_is_refused()
    {
        using var volume = TestVolume.Ready();
        Rewrite(
            volume.Image,
            [0, CopyB],
            block => RecordFormat.Write(
                Assert.IsType<CopyReading.Valid>(RecordFormat.Read(block)).Record with { Source = TrustSource.Tpm },
                block));
        volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {volume.Name}: the configuration says source soft, its record says tpm",
            "correct the configuration");
    }

    [Theory]
    [InlineData("tee", "CONFIG_TRUSTED_KEYS_TEE")]
    [InlineData("tpm", "CONFIG_TRUSTED_KEYS_TPM")]
    [InlineData("caam", "CONFIG_TRUSTED_KEYS_CAAM")]
    [InlineData("dcp", "CONFIG_TRUSTED_KEYS_DCP")]
    [InlineData("auto", "a software key must be named")]
    public void A_missing_kernel_source_is_named(string source, string lacking)
    {
        Assert.SkipWhen(Sealdisk.Linux.KeyTypes.IsRegistered("trusted"), "this kernel has trusted keys");
        using var volume = TestVolume.With(("source", source));
        foreach (var verb in new[] { "up", "plan", "check" })
            volume.Refused(
                verb,
                ExitCode.Lacking,
                $"cannot bring up {volume.Name}: source '{source}' is not there: this kernel has not registered the 'trusted' key type",
                lacking);
        Assert.False(File.Exists(volume.Image));
    }

    [Fact]
    public void The_record_of_another_volume_is_refused()
    {
        using var volume = With("detached", out _);
        using var other = With("detached", out var others);
        File.Copy(volume["huk.hex"], other["huk.hex"], overwrite: true);
        File.Delete(other["image"]);
        File.Delete(others);
        other.Up();
        other.Down();
        File.Copy(others, volume["record"], overwrite: true);
        volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {volume.Name}: its record is of a volume named {other.Name}",
            $"sealdisk record rename {other.Name} {volume.Name}");
        // Somebody who gives it the name as well still has no filesystem under its key.
        new RecordFile(volume["record"], isHeader: false).Rewrite(record => record with { Name = volume.Name }, 0, 1);
        volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {volume.Name}: the mapping should hold ext4 ",
            "the data were overwritten, or the record belongs to another volume; nothing was changed");
        volume.Refused(
            "check",
            ExitCode.Refused,
            $"cannot vouch for {volume.Name}: its key unseals, but the decrypted volume holds no ext4",
            "the record belongs to another volume");
    }

    [Theory]
    [InlineData("header", "mkfs.ext4 -q -F $1")]
    [InlineData("header", "mkfs.vfat $1 >/dev/null")]
    [InlineData("detached", "mkfs.ext4 -q -F $1")]
    [InlineData("detached", "mkfs.vfat $1 >/dev/null")]
    public void A_plain_filesystem_planted_over_a_ready_volume_is_never_mounted(string where, string plant)
    {
        using var volume = With(where, out _);
        Tool.Shell(plant, volume.Image);
        var message = volume.Refused("up", ExitCode.Refused, $"cannot bring up {volume.Name}: ").Stderr;
        Assert.Contains(
            plant.Contains("vfat", StringComparison.Ordinal) ? "a plain vfat filesystem" : "a plain ext4 filesystem",
            message,
            StringComparison.Ordinal);
        volume.Refused("check", ExitCode.Refused, "cannot ");
    }

    [Fact]
    public void An_image_that_has_gone_is_not_made_again_while_its_record_exists()
    {
        using var volume = With("detached", out _);
        File.Delete(volume.Image);
        foreach (var verb in new[] { "up", "plan", "check" })
            volume.Refused(
                verb,
                ExitCode.Refused,
                $"cannot bring up {volume.Name}: there is a record in {volume["record"]}, but its image {volume.Image} does not exist",
                "put the image back");
    }

    /// <summary>A ready volume whose record is in <paramref name="file"/>.</summary>
    private static TestVolume With(string where, out string file)
    {
        var volume = TestVolume.With();
        file = volume.Image;
        if (where == "detached")
            volume.Change("record", file = volume["record"]);
        volume.Up();
        volume.Down();
        return volume;
    }

    private static void Damage(string file, int at, byte flip = 1)
    {
        using var stream = File.Open(file, FileMode.Open);
        stream.Position = at;
        var old = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(old ^ flip));
    }

    /// <summary>Changes copies of a record and mends their checksums, as a later Sealdisk or an attacker would.</summary>
    private static void Rewrite(string file, int[] copies, Action<byte[]> change)
    {
        using var stream = File.Open(file, FileMode.Open);
        foreach (var copy in copies)
        {
            var block = new byte[RecordFormat.BlockSize];
            stream.Position = copy;
            stream.ReadExactly(block);
            change(block);
            block.AsSpan(32, 32).Clear();
            var hash = new Org.BouncyCastle.Crypto.Digests.Sha256Digest();
            hash.BlockUpdate(block);
            hash.DoFinal(block.AsSpan(32, 32));
            stream.Position = copy;
            stream.Write(block);
        }
    }

    private static string? Line(string fingerprint, string file) =>
        fingerprint.Split('\n').FirstOrDefault(line => line.EndsWith("/" + file, StringComparison.Ordinal));
}
