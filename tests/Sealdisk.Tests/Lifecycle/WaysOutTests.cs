using System.Diagnostics;
using Sealdisk.Lifecycle;
using Sealdisk.Tests.DataPath;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>What the script ways-out.txt cannot show: records that contradict each other or their data, and places that are not there.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class WaysOutTests
{
    private const int CopyB = 524288;

    /// <summary>The catastrophe that a second copy invites: both copies, or the last one left, from a time before there were data.</summary>
    [Fact]
    public void A_record_from_before_the_first_mount_never_makes_a_filesystem_over_data()
    {
        using var bed = Bed.Ready();
        foreach (var copies in new[] { new[] { 0, CopyB }, [0], [CopyB] })
        {
            var good = File.ReadAllBytes(bed.Image)[..4096];
            Provisioning(bed.Image, copies);
            foreach (var copy in new[] { 0, CopyB }.Except(copies))
                Write(bed.Image, copy, new byte[4096]);
            bed.Refused("up", ExitCode.Refused, $"cannot bring up {bed.Name}: its record says that its first boot never ended, but the volume holds a filesystem that was mounted at 20", $"'sealdisk repair {bed.Name}' makes the record agree with it");
            bed.Refused("check", ExitCode.Refused, $"cannot vouch for {bed.Name}: its record says that its first boot never ended", $"sealdisk repair {bed.Name}");
            Assert.Contains("the record was older than its data; it now says that the volume is ready, with ext4 ", Bed.Done(bed.Run("repair")).Stdout, StringComparison.Ordinal);
            bed.Up();
            Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
            bed.Down();
            Write(bed.Image, 0, good);
            Write(bed.Image, CopyB, good);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(CopyB)]
    public void Of_two_copies_that_contradict_each_other_the_data_tell_which_is_right(int wrong)
    {
        using var bed = Bed.Ready();
        using var other = Bed.Ready();
        Write(bed.Image, wrong, File.ReadAllBytes(other.Image)[..4096]);
        bed.Refused("up", ExitCode.Refused, $"cannot bring up {bed.Name}: its record is damaged: the copies are of two volumes", $"'sealdisk repair {bed.Name}' finds out");
        Assert.Contains($"wrote copy {(wrong == 0 ? 'A' : 'B')} anew from the other, which belongs to the data", Bed.Done(bed.Run("repair")).Stdout, StringComparison.Ordinal);
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
    }

    [Fact]
    public void Two_copies_that_both_fit_or_neither_are_left_to_a_backup()
    {
        using var bed = Bed.Ready();
        using var other = Bed.Ready();
        Rewrite(bed.Image, [0], record => record with { LifeCycle = "other words" });
        bed.Refused("repair", ExitCode.Refused, $"cannot repair {bed.Name}: both copies have generation 2, and they differ; both open here and fit the data", "record import");
        Rewrite(bed.Image, [CopyB], record => record with { Uuid = Guid.NewGuid(), FilesystemUuid = "1111-2222" });
        Rewrite(bed.Image, [0], record => record with { FilesystemUuid = "1111-3333" });
        bed.Refused("repair", ExitCode.Refused, $"cannot repair {bed.Name}: the copies are of two volumes", "record import");
    }

    [Fact]
    public void An_import_that_does_not_fit_changes_nothing()
    {
        using var bed = Bed.Ready();
        using var other = Bed.Ready();
        File.Copy(bed["huk.hex"], other["huk.hex"], overwrite: true);
        File.Delete(other.Image);
        other.Up();
        other.Down();
        Bed.Done(other.Run("record", "export", other.Name, bed["others"]));
        Bed.Done(bed.Run("record", "export", bed.Name, bed["backup"]));
        Import("others", ExitCode.Refused, $"cannot import the record of {bed.Name}: it is of volume ", "is it the backup of another volume?");

        Rewrite(bed.Image, [0, CopyB], record => record with { Generation = 7, CreatedBy = "a later boot" });
        Import("backup", ExitCode.Refused, $"cannot import the record of {bed.Name}: it has generation 2, and there is a good record with generation 7", "--replace-newer");
        Bed.Done(bed.Run("record", "import", bed.Name, bed["backup"], "--replace-newer"));
        Assert.Contains("generation 2, ready", Bed.Done(bed.Run("record", "show", bed.Name)).Stdout, StringComparison.Ordinal);

        // Nothing there that could speak against it: the data do.
        var header = File.ReadAllBytes(bed.Image)[..Bed.MiB];
        Write(bed.Image, 0, new byte[Bed.MiB]);
        Import("others", ExitCode.Refused, $"cannot vouch for {bed.Name}: its key unseals, but the decrypted volume holds no ext4", "the record belongs to another volume");
        Tool.Run("truncate", "-s", "-1M", bed.Image);
        Import("backup", ExitCode.Refused, $"cannot import {bed["backup"]} into {bed.Name}: {bed.Image} has 7340032 bytes, but its record describes data up to byte 8388608", "nothing was changed");
        Tool.Run("truncate", "-s", "+1M", bed.Image);
        Write(bed.Image, 0, header);

        File.Copy(bed["backup"], bed["early"]);
        Rewrite(bed["early"], [0, 4096], record => record with { State = VolumeState.Provisioning, FilesystemUuid = null });
        Import("early", ExitCode.Refused, $"cannot import {bed["early"]}: it was made before the first boot ended", "import a later backup");
        File.WriteAllBytes(bed["damaged"], [.. File.ReadAllBytes(bed["backup"]).Select((value, at) => at % 4096 == 77 ? (byte)~value : value)]);
        Import("damaged", ExitCode.Usage, $"cannot import {bed["damaged"]}: it is damaged: copy A is bad");
        Write(bed.Image, 0, Samples.Vector("newer"));
        Import("backup", ExitCode.Refused, $"cannot import the record of {bed.Name}: the record there has format 3");
        Bed.AssertFailure(bed.Run("erase", bed.Name, "--yes", bed.Name), ExitCode.Refused, $"cannot erase {bed.Name}: its record has format version 3");

        void Import(string file, ExitCode code, string message, string hint = "")
        {
            var before = bed.Fingerprint();
            Bed.AssertFailure(bed.Run("record", "import", bed.Name, bed[file]), code, message, hint);
            Assert.Equal(before, bed.Fingerprint());
        }
    }

    [Fact]
    public void A_volume_that_never_held_data_is_not_exported()
    {
        using var bed = Bed.Ready();
        Provisioning(bed.Image, 0, CopyB);
        Bed.AssertFailure(bed.Run("record", "export", bed.Name, bed["backup"]), ExitCode.Failed, $"cannot export the record of {bed.Name}: its first boot has not ended", "sealdisk up");
        Assert.False(File.Exists(bed["backup"]));
    }

    /// <summary>Somebody unmounted /boot, and it looks as if the record were lost; or there had never been one.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_detached_record_on_a_filesystem_that_is_not_mounted(bool hadFirstBoot)
    {
        using var bed = hadFirstBoot ? Bed.Ready() : Bed.With();
        Directory.CreateDirectory(bed["boot"]);
        if (hadFirstBoot)
        {
            File.Delete(bed.Image);
            bed.Change("record", bed["boot/record"]);
            bed.Up();
            bed.Down();
            File.Move(bed["boot/record"], bed["hidden"]);
        }
        bed.Change("record", bed["boot/record"]);
        File.WriteAllText(bed["fstab"], $"# a comment\n/dev/sda2 / ext4 defaults 0 1\n/dev/sda1\t{bed["boot"]} ext4 noauto 0 2\n");
        var before = bed.Fingerprint();
        foreach (var verb in new[] { "up", "plan", "check" })
        {
            var result = NativeBinary.Run(new ProcessStartInfo(
                "unshare", ["-m", "--propagation", "slave", "sh", "-euc", "[ -e /etc/fstab ] || : > /etc/fstab; mount --bind $1 /etc/fstab; shift; exec \"$@\"", "sh", bed["fstab"], NativeBinary.Path, "--config", bed.Config, verb]));
            Bed.AssertFailure(result, ExitCode.Failed, $"cannot bring up {bed.Name}: its record {bed["boot/record"]} is not there, and {bed["boot"]}, which /etc/fstab says is a filesystem of its own, is not mounted", $"mount {bed["boot"]}");
        }
        Assert.Equal(before, bed.Fingerprint());
        if (hadFirstBoot)
            bed.Refused("up", ExitCode.Refused, $"cannot bring up {bed.Name}: {bed.Image} has no record and is not blank", "record import");
    }

    [Fact]
    public void A_detached_record_behind_a_link_that_leads_nowhere_or_in_a_file_that_is_something_else()
    {
        using var bed = Bed.With(("size", null));
        File.WriteAllBytes(bed.Image, new byte[8 * Bed.MiB]);
        bed.Change("record", bed["record"]);
        File.CreateSymbolicLink(bed["record"], "/nowhere/record");
        bed.Refused("up", ExitCode.Failed, $"cannot bring up {bed.Name}: its record {bed["record"]} is a symbolic link to /nowhere/record, which is not there", "mount what /nowhere/record is on");
        File.Delete(bed["record"]);
        File.WriteAllText(bed["record"], "somebody's notes");
        bed.Refused("up", ExitCode.Failed, $"cannot bring up {bed.Name}: {bed["record"]} is no record: it holds something else", "name another file");
        Bed.AssertFailure(bed.Run("erase", bed.Name, "--yes", bed.Name), ExitCode.Failed, $"cannot erase {bed.Name}: {bed["record"]} is no record");
        Assert.Equal("somebody's notes", File.ReadAllText(bed["record"]));
    }

    /// <summary>A copy that cannot be written anew, as on a disk with one bad place or a record on read-only media, keeps no volume down.</summary>
    [Fact]
    public void A_repair_that_is_not_possible_does_not_keep_a_volume_down()
    {
        using var bed = Bed.With();
        Directory.CreateDirectory(bed["ro"]);
        bed.Change("record", bed["ro/record"]);
        bed.Up();
        File.WriteAllText(bed.File1, "kept");
        bed.Down();
        Write(bed["ro/record"], 100, [0]);
        Tool.Shell("mount --bind $1 $1; mount -o remount,bind,ro $1", bed["ro"]);
        var up = bed.Up();
        Assert.Contains("(not done, and the other copy is the last one: cannot open ", up.Stderr, StringComparison.Ordinal);
        Assert.Equal("kept", File.ReadAllText(bed.File1));
        Assert.Contains("its record hangs on one copy: copy A is bad", bed.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        Bed.Done(bed.Run("down"));
        Bed.AssertFailure(bed.Run("repair"), ExitCode.Failed, "cannot open ", "remount its filesystem read-write");
        // An older one is another matter: it might speak for the volume one day.
        Tool.Run("umount", bed["ro"]);
        bed.Up();
        bed.Down();
        Provisioning(bed["ro/record"], 0);
        Rewrite(bed["ro/record"], [0], record => record with { Generation = 1 });
        Tool.Shell("mount --bind $1 $1; mount -o remount,bind,ro $1", bed["ro"]);
        Bed.AssertFailure(bed.Run("up"), ExitCode.Failed, "cannot open ", "remount its filesystem read-write");
        Tool.Run("umount", bed["ro"]);
        bed.AssertNothingOpen();
    }

    [Fact]
    public void A_planted_filesystem_over_one_copy_is_written_over_by_repair_only()
    {
        using var bed = Bed.Ready();
        Tool.Shell("truncate -s 512K $1; mkfs.ext4 -q -F $1; dd if=$1 of=$2 conv=notrunc status=none", bed["planted"], bed.Image);
        bed.Refused("up", ExitCode.Refused, $"cannot bring up {bed.Name}: {bed.Image} holds a plain ext4 filesystem where its record should be", $"'sealdisk repair {bed.Name}' writes the record anew");
        Bed.Done(bed.Run("repair"));
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
    }

    /// <summary>An erase that was cut short anywhere is finished by another.</summary>
    [Fact]
    public void Erase_finishes_what_another_one_began_and_a_new_first_boot_follows()
    {
        using var bed = Bed.Ready();
        Write(bed.Image, 0, new byte[4096]);
        Write(bed.Image, CopyB, new byte[4096]);
        bed.Refused("up", ExitCode.Refused, $"cannot bring up {bed.Name}: {bed.Image} has no record and is not blank", $"sealdisk erase {bed.Name}");
        Bed.Done(bed.Run("erase", bed.Name, "--yes", bed.Name));
        Assert.StartsWith($"{bed.Name}: first boot\n", bed.Up().Stderr, StringComparison.Ordinal);
        Assert.False(File.Exists(bed.File1));
    }

    [Theory]
    [InlineData("-b", "4096")]
    [InlineData("-b", "512")]
    public void Erase_of_a_block_device(params string[] options)
    {
        using var bed = new Bed();
        File.WriteAllBytes(bed.Image, new byte[16 * Bed.MiB]);
        bed.Add(bed.Name, ("device", bed.Attach("image", options)), ("mount", bed.Mount));
        bed.Up();
        bed.Down();
        Bed.Done(bed.Run("erase", bed.Name, "--yes", bed.Name));
        Assert.Equal("new", bed.State);
        bed.Up();
        bed.Down();
    }

    [Fact]
    public void An_image_that_is_gone_leaves_a_detached_record_that_erase_removes()
    {
        using var bed = Bed.With();
        bed.Change("record", bed["record"]);
        bed.Up();
        bed.Down();
        File.Delete(bed.Image);
        Bed.Done(bed.Run("erase", bed.Name, "--yes", bed.Name));
        Assert.False(File.Exists(bed["record"]));
        bed.Up();
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("# /dev/sda1 /boot ext4 defaults 0 2\n", "")]
    [InlineData("/dev/sda1 /boot ext4\nUUID=1 none swap sw 0 0\n\n/dev/sda2 / ext4\n", "/boot")]
    [InlineData("/dev/sda1\t/with\\040space/x  vfat\t noauto 0 0\ntmpfs /run/ tmpfs", "/with space/x /run")]
    [InlineData("/dev/sda1 /odd\\0 ext4\n/dev/sda1 /boot", "/odd\\0")]
    public void Mount_points_of_fstab(string fstab, string expected) => Assert.Equal(expected, string.Join(' ', OutOfReach.MountPoints(fstab)));

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

    private static class Samples
    {
        public static byte[] Vector(string name) => Volumes.Records.Samples.Vector(Path.Combine(Volumes.Records.Samples.VectorDirectory, name + ".hex")).Bytes;
    }
}
