using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>
/// What the script ways-out.txt cannot show: records that contradict each other or their data, and places that are not there.
/// </summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class WaysOutTests
{
    private const int CopyB = 524288;

    /// <summary>
    /// The catastrophe that a second copy invites: both copies, or the last one left, from a time before there were data.
    /// </summary>
    [Fact]
    public void A_record_older_than_the_data_never_leads_to_a_new_filesystem()
    {
        using var volume = TestVolume.Ready();
        foreach (var copies in new[] { new[] { 0, CopyB }, [0], [CopyB] })
        {
            var good = File.ReadAllBytes(volume.Image)[..4096];
            Provisioning(volume.Image, copies);
            foreach (var copy in new[] { 0, CopyB }.Except(copies))
                Write(volume.Image, copy, new byte[4096]);
            volume.Refused(
                "up",
                ExitCode.Refused,
                $"cannot bring up {volume.Name}: its record says that its first boot never finished, "
                    + "but the volume holds a filesystem that was mounted at 20",
                $"'sealdisk repair {volume.Name}' makes the record agree with it");
            volume.Refused(
                "check",
                ExitCode.Refused,
                $"cannot vouch for {volume.Name}: its record says that its first boot never finished",
                $"sealdisk repair {volume.Name}");
            Assert.Contains(
                "the record was older than its data; it now says that the volume is ready, with ext4 ",
                TestVolume.Done(volume.Run("repair")).Stdout,
                StringComparison.Ordinal);
            volume.Up();
            volume.AssertFileKept();
            volume.Down();
            Write(volume.Image, 0, good);
            Write(volume.Image, CopyB, good);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(CopyB)]
    public void When_the_copies_disagree_the_data_show_which_is_right(int wrong)
    {
        using var volume = TestVolume.Ready();
        using var other = TestVolume.Ready();
        Write(volume.Image, wrong, File.ReadAllBytes(other.Image)[..4096]);
        volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {volume.Name}: its record is damaged: the copies are of two volumes",
            $"'sealdisk repair {volume.Name}' finds out");
        Assert.Contains(
            $"rewrote copy {(wrong == 0 ? 'A' : 'B')} from the other one, which belongs to the data",
            TestVolume.Done(volume.Run("repair")).Stdout,
            StringComparison.Ordinal);
        volume.Up();
        volume.AssertFileKept();
    }

    [Fact]
    public void When_both_copies_fit_the_data_or_neither_does_repair_asks_for_a_backup()
    {
        using var volume = TestVolume.Ready();
        using var other = TestVolume.Ready();
        Rewrite(volume.Image, [0], record => record with { LifeCycle = "other words" });
        volume.Refused(
            "repair",
            ExitCode.Refused,
            $"cannot repair {volume.Name}: both copies have generation 2, and they differ; both open here and fit the data",
            "record import");
        Rewrite(volume.Image, [CopyB], record => record with { Uuid = Guid.NewGuid(), FilesystemUuid = "1111-2222" });
        Rewrite(volume.Image, [0], record => record with { FilesystemUuid = "1111-3333" });
        volume.Refused("repair", ExitCode.Refused, $"cannot repair {volume.Name}: the copies are of two volumes", "record import");
    }

    [Fact]
    public void An_import_that_does_not_fit_changes_nothing()
    {
        using var volume = TestVolume.Ready();
        using var other = TestVolume.Ready();
        File.Copy(volume["huk.hex"], other["huk.hex"], overwrite: true);
        File.Delete(other.Image);
        other.Up();
        other.Down();
        TestVolume.Done(other.Run("record", "export", other.Name, volume["others"]));
        TestVolume.Done(volume.Run("record", "export", volume.Name, volume["backup"]));
        Import(
            "others",
            ExitCode.Refused,
            $"cannot import the record of {volume.Name}: it is of volume ",
            "is it the backup of another volume?");

        Rewrite(volume.Image, [0, CopyB], record => record with { Generation = 7, CreatedBy = "a later boot" });
        Import(
            "backup",
            ExitCode.Refused,
            $"cannot import the record of {volume.Name}: it has generation 2, and there is a good record with generation 7",
            "--replace-newer");
        TestVolume.Done(volume.Run("record", "import", volume.Name, volume["backup"], "--replace-newer"));
        Assert.Contains("generation 2, ready", TestVolume.Done(volume.Run("record", "show", volume.Name)).Stdout, StringComparison.Ordinal);

        // Nothing there that could speak against it: the data do.
        var header = File.ReadAllBytes(volume.Image)[..TestVolume.MiB];
        Write(volume.Image, 0, new byte[TestVolume.MiB]);
        Import(
            "others",
            ExitCode.Refused,
            $"cannot import {volume["others"]} into {volume.Name}: its record is of a volume named {other.Name}",
            "is it the backup of another volume?");
        Rewrite(volume["others"], [0, 4096], record => record with { Name = volume.Name });
        Import(
            "others",
            ExitCode.Refused,
            $"cannot vouch for {volume.Name}: its key unseals, but the decrypted volume holds no ext4",
            "the record belongs to another volume");
        Tool.Run("truncate", "-s", "-1M", volume.Image);
        Import(
            "backup",
            ExitCode.Refused,
            $"cannot import {volume["backup"]} into {volume.Name}: {volume.Image} has 7340032 bytes, "
                + "but its record describes data up to byte 8388608",
            "nothing was changed");
        Tool.Run("truncate", "-s", "+1M", volume.Image);
        Write(volume.Image, 0, header);

        File.Copy(volume["backup"], volume["early"]);
        Rewrite(volume["early"], [0, 4096], record => record with { State = VolumeState.Provisioning, FilesystemUuid = null });
        Import(
            "early",
            ExitCode.Refused,
            $"cannot import {volume["early"]}: it was made before the first boot ended",
            "import a later backup");
        File.WriteAllBytes(
            volume["damaged"],
            [.. File.ReadAllBytes(volume["backup"]).Select((value, at) => at % 4096 == 77 ? (byte)~value : value)]);
        Import("damaged", ExitCode.Usage, $"cannot import {volume["damaged"]}: it is damaged: copy A is bad");
        Write(volume.Image, 0, RecordSamples.Vector(Path.Combine(RecordSamples.VectorDirectory, "newer.hex")).Bytes);
        Import("backup", ExitCode.Refused, $"cannot import the record of {volume.Name}: the record there has format version 4");
        TestVolume.AssertFailure(
            volume.Run("erase", volume.Name, "--yes", volume.Name),
            ExitCode.Refused,
            $"cannot erase {volume.Name}: its record has format version 4");

        void Import(string file, ExitCode code, string message, string hint = "")
        {
            var before = volume.Fingerprint();
            TestVolume.AssertFailure(volume.Run("record", "import", volume.Name, volume[file]), code, message, hint);
            Assert.Equal(before, volume.Fingerprint());
        }
    }

    [Fact]
    public void A_record_is_not_exported_before_its_first_boot_has_ended()
    {
        using var volume = TestVolume.Ready();
        Provisioning(volume.Image, 0, CopyB);
        TestVolume.AssertFailure(
            volume.Run("record", "export", volume.Name, volume["backup"]),
            ExitCode.Failed,
            $"cannot export the record of {volume.Name}: its first boot has not finished",
            "sealdisk up");
        Assert.False(File.Exists(volume["backup"]));
    }

    /// <summary>Somebody unmounted /boot, and it looks as if the record were lost; or there had never been one.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_record_on_an_unmounted_filesystem_is_not_taken_for_a_missing_one(bool hadFirstBoot)
    {
        using var volume = hadFirstBoot ? TestVolume.Ready() : TestVolume.With();
        Directory.CreateDirectory(volume["boot"]);
        if (hadFirstBoot)
        {
            File.Delete(volume.Image);
            volume.Change("record", volume["boot/record"]);
            volume.Up();
            volume.Down();
            File.Move(volume["boot/record"], volume["hidden"]);
        }
        volume.Change("record", volume["boot/record"]);
        File.WriteAllText(volume["fstab"], $"# a comment\n/dev/sda2 / ext4 defaults 0 1\n/dev/sda1\t{volume["boot"]} ext4 noauto 0 2\n");
        var before = volume.Fingerprint();
        foreach (var verb in new[] { "up", "plan", "check" })
        {
            var result = volume.RunAfter("[ -e /etc/fstab ] || : > /etc/fstab; mount --bind $1 /etc/fstab", volume["fstab"], verb);
            TestVolume.AssertFailure(
                result,
                ExitCode.Failed,
                $"cannot bring up {volume.Name}: its record {volume["boot/record"]} is not there, and {volume["boot"]}, "
                    + "which /etc/fstab says is a filesystem of its own, is not mounted",
                $"mount {volume["boot"]}");
        }
        Assert.Equal(before, volume.Fingerprint());
        if (hadFirstBoot)
            volume.Refused(
                "up",
                ExitCode.Refused,
                $"cannot bring up {volume.Name}: {volume.Image} has no record and is not blank",
                "record import");
    }

    [Fact]
    public void A_dangling_link_or_a_foreign_file_is_not_taken_for_a_record()
    {
        using var volume = TestVolume.With(("size", null));
        File.WriteAllBytes(volume.Image, new byte[8 * TestVolume.MiB]);
        volume.Change("record", volume["record"]);
        File.CreateSymbolicLink(volume["record"], "/nowhere/record");
        volume.Refused(
            "up",
            ExitCode.Failed,
            $"cannot bring up {volume.Name}: its record {volume["record"]} is a symbolic link to /nowhere/record, which is not there",
            "mount what /nowhere/record is on");
        File.Delete(volume["record"]);
        File.WriteAllText(volume["record"], "somebody's notes");
        volume.Refused(
            "up",
            ExitCode.Failed,
            $"cannot bring up {volume.Name}: {volume["record"]} is not a record: it holds something else",
            "name another file");
        TestVolume.AssertFailure(
            volume.Run("erase", volume.Name, "--yes", volume.Name),
            ExitCode.Failed,
            $"cannot erase {volume.Name}: {volume["record"]} is not a record");
        Assert.Equal("somebody's notes", File.ReadAllText(volume["record"]));
    }

    /// <summary>
    /// A copy that cannot be written anew, as on a disk with one bad place or a record on read-only media, keeps no volume down.
    /// </summary>
    [Fact]
    public void A_copy_that_cannot_be_repaired_does_not_keep_the_volume_down()
    {
        using var volume = TestVolume.With();
        Directory.CreateDirectory(volume["ro"]);
        volume.Change("record", volume["ro/record"]);
        volume.Up();
        File.WriteAllText(volume.MountedFile, "kept");
        volume.Down();
        Write(volume["ro/record"], 100, [0]);
        Tool.Shell("mount --bind $1 $1; mount -o remount,bind,ro $1", volume["ro"]);
        var up = volume.Up();
        Assert.Contains("(not done; the other copy is now the only good one: cannot open ", up.Stderr, StringComparison.Ordinal);
        Assert.Equal("kept", File.ReadAllText(volume.MountedFile));
        Assert.Contains(
            "its record depends on one copy: copy A is bad",
            volume.Json("status").GetProperty("problem").GetString(),
            StringComparison.Ordinal);
        TestVolume.Done(volume.Run("down"));
        TestVolume.AssertFailure(volume.Run("repair"), ExitCode.Failed, "cannot open ", "remount its filesystem read-write");
        // An older one is another matter: it might speak for the volume one day.
        Tool.Run("umount", volume["ro"]);
        volume.Up();
        volume.Down();
        Provisioning(volume["ro/record"], 0);
        Rewrite(volume["ro/record"], [0], record => record with { Generation = 1 });
        Tool.Shell("mount --bind $1 $1; mount -o remount,bind,ro $1", volume["ro"]);
        TestVolume.AssertFailure(volume.Run("up"), ExitCode.Failed, "cannot open ", "remount its filesystem read-write");
        Tool.Run("umount", volume["ro"]);
        volume.AssertNothingOpen();
    }

    [Fact]
    public void Only_repair_overwrites_a_filesystem_planted_over_one_copy()
    {
        using var volume = TestVolume.Ready();
        Tool.Shell("truncate -s 512K $1; mkfs.ext4 -q -F $1; dd if=$1 of=$2 conv=notrunc status=none", volume["planted"], volume.Image);
        volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {volume.Name}: {volume.Image} holds a plain ext4 filesystem where its record should be",
            $"'sealdisk repair {volume.Name}' rewrites the record");
        TestVolume.Done(volume.Run("repair"));
        volume.Up();
        volume.AssertFileKept();
    }

    /// <summary>An erase that was cut short anywhere is finished by another.</summary>
    [Fact]
    public void Erase_finishes_an_interrupted_erase_and_a_first_boot_follows()
    {
        using var volume = TestVolume.Ready();
        Write(volume.Image, 0, new byte[4096]);
        Write(volume.Image, CopyB, new byte[4096]);
        volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {volume.Name}: {volume.Image} has no record and is not blank",
            $"sealdisk erase {volume.Name}");
        TestVolume.Done(volume.Run("erase", volume.Name, "--yes", volume.Name));
        Assert.StartsWith($"{volume.Name}: first boot\n", volume.Up().Stderr, StringComparison.Ordinal);
        Assert.False(File.Exists(volume.MountedFile));
    }

    [Theory]
    [InlineData("-b", "4096")]
    [InlineData("-b", "512")]
    public void Erase_makes_a_block_device_ready_for_a_first_boot(params string[] options)
    {
        using var volume = new TestVolume();
        File.WriteAllBytes(volume.Image, new byte[16 * TestVolume.MiB]);
        volume.Add(volume.Name, ("device", volume.Attach("image", options)), ("mount", volume.Mount));
        volume.Up();
        volume.Down();
        TestVolume.Done(volume.Run("erase", volume.Name, "--yes", volume.Name));
        Assert.Equal("new", volume.State);
        volume.Up();
        volume.Down();
    }

    [Fact]
    public void Erase_removes_the_detached_record_of_a_lost_image()
    {
        using var volume = TestVolume.With();
        volume.Change("record", volume["record"]);
        volume.Up();
        volume.Down();
        File.Delete(volume.Image);
        TestVolume.Done(volume.Run("erase", volume.Name, "--yes", volume.Name));
        Assert.False(File.Exists(volume["record"]));
        volume.Up();
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("# /dev/sda1 /boot ext4 defaults 0 2\n", "")]
    [InlineData("/dev/sda1 /boot ext4\nUUID=1 none swap sw 0 0\n\n/dev/sda2 / ext4\n", "/boot")]
    [InlineData("/dev/sda1\t/with\\040space/x  vfat\t noauto 0 0\ntmpfs /run/ tmpfs", "/with space/x /run")]
    [InlineData("/dev/sda1 /odd\\0 ext4\n/dev/sda1 /boot", "/odd\\0")]
    public void Mount_points_are_read_from_fstab(string fstab, string expected) =>
        Assert.Equal(expected, string.Join(' ', UnreachableFile.MountPoints(fstab)));

    private static void Provisioning(string file, params int[] copies) =>
        Rewrite(file, copies, record => record with { State = VolumeState.Provisioning, FilesystemUuid = null });

    private static void Rewrite(string file, int[] copies, Func<VolumeRecord, VolumeRecord> change)
    {
        foreach (var copy in copies)
        {
            var block = File.ReadAllBytes(file)[copy..(copy + 4096)];
            RecordFormat.Write(change(Assert.IsType<CopyReading.Valid>(RecordFormat.Read(block)).Record), block);
            Write(file, copy, block);
        }
    }

    private static void Write(string file, int at, byte[] bytes)
    {
        using var stream = File.Open(file, FileMode.Open);
        stream.Position = at;
        stream.Write(bytes);
    }
}
