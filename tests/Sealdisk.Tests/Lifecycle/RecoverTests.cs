using System.Diagnostics;
using Sealdisk.Linux;
using Sealdisk.Tests.DataPath;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>A volume whose device is gone, on another machine: another HUK file stands for that here.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class RecoverTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_volume_comes_up_on_another_device(bool detached)
    {
        using var bed = Elsewhere(detached);
        bed.Refused("up", ExitCode.DoesNotOpen, $"cannot unseal the root key above the key of {bed.Name}");
        var (before, data) = (Record(bed, detached).Record(0), File.ReadAllBytes(bed.Image)[(detached ? 0 : Bed.MiB)..]);
        Bed.Done(bed.Run("recover", bed.Name, "--key", bed["recovery.key"]));
        bed.AssertNothingOpen();
        var after = Record(bed, detached).Record(0);
        Assert.Equal(before with { Generation = before.Generation + 1, RootKey = after.RootKey, SealedKey = after.SealedKey }, after);
        Assert.Equal(after, Record(bed, detached).Record(1));
        Assert.Equal(data, File.ReadAllBytes(bed.Image)[(detached ? 0 : Bed.MiB)..]);
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        bed.Down();

        // And from there on again, to a third.
        bed.NewHuk("huk.hex");
        Bed.Done(bed.Run("recover", bed.Name, "--key", bed["recovery.key"]));
        bed.Up();
        bed.Down();
    }

    [Fact]
    public void It_can_be_decrypted_with_nothing_changed()
    {
        using var bed = Elsewhere();
        File.Delete(bed["huk.hex"]);
        var before = Tool.Shell("sha256sum < $1", bed.Image);
        Bed.Done(bed.Run("recover", bed.Name, "--key", bed["recovery.key"], "--decrypt", bed["plain"]));
        Assert.Equal(before, Tool.Shell("sha256sum < $1", bed.Image));
        Assert.Equal("the file of the first boot", Tool.Shell("debugfs -R 'cat file' $1 2>/dev/null", bed["plain"]));
        Bed.AssertFailure(bed.Run("recover", bed.Name, "--key", bed["recovery.key"], "--decrypt", bed["plain"]), ExitCode.Refused, $"cannot write {bed["plain"]}: it exists (EEXIST)");
    }

    [Theory]
    [InlineData("fallocate:error=ENOSPC", "cannot allocate space in")]
    [InlineData("pwrite64:error=ENOSPC:when=2", "cannot write")]
    [InlineData("fsync,fdatasync:error=EIO", "cannot sync")]
    public void A_decryption_that_fails_leaves_no_half_image(string fault, string act)
    {
        using var bed = Elsewhere();
        var plain = bed["plain"];
        var failed = NativeBinary.Run(new ProcessStartInfo("strace",
        [
            "-f", "-qq", "-o", "/dev/null", "-P", plain, "-e", $"trace={fault.Split(':')[0]}", "-e", $"inject={fault}",
            NativeBinary.Path, "--config", bed.Config, "recover", bed.Name, "--key", bed["recovery.key"], "--decrypt", plain,
        ]));
        Bed.AssertFailure(failed, ExitCode.Failed, $"{act} {plain}: ");
        Assert.False(File.Exists(plain));
    }

    [Fact]
    public void Whatever_is_wrong_nothing_is_written()
    {
        using var bed = Elsewhere();
        Bed.Done(NativeBinary.Run("recovery", "new", bed["other.key"]));
        Refused(bed["other.key"], ExitCode.DoesNotOpen, $"cannot recover {bed.Name}: its key was wrapped for recovery key ");
        File.WriteAllText(bed["bad.key"], File.ReadAllText(bed["recovery.key"]).Replace("SDKEY-", "SDKEY-Z", StringComparison.Ordinal));
        Refused(bed["bad.key"], ExitCode.Usage, $"cannot read recovery key {bed["bad.key"]}: it is too long");
        Refused(bed["absent"], ExitCode.Usage, $"cannot open {bed["absent"]}");
        Refused(bed.Config, ExitCode.Usage, $"cannot read recovery key {bed.Config}: it does not begin with SDKEY");

        var whole = Record(bed).Record(0);
        Record(bed).Rewrite(record => record with { Recovery = record.Recovery![..^1] + (record.Recovery[^1] == '0' ? '1' : '0') }, 0, 1);
        Refused(bed["recovery.key"], ExitCode.DoesNotOpen, $"cannot recover {bed.Name}: what was wrapped for recovery key ");
        Record(bed).Rewrite(_ => whole with { Recovery = null }, 0, 1);
        Refused(bed["recovery.key"], ExitCode.Failed, $"cannot recover {bed.Name}: its key was wrapped for no recovery key");
        Record(bed).Rewrite(_ => whole with { FilesystemUuid = "00000000-0000-4000-8000-000000000000" }, 0, 1);
        Refused(bed["recovery.key"], ExitCode.Refused, $"cannot recover {bed.Name}: the recovery key opens, but the decrypted volume does not hold ext4 00000000-");
        Record(bed).Spoil(0, 1);
        Refused(bed["recovery.key"], ExitCode.Refused, $"cannot bring up {bed.Name}: its record is damaged");

        void Refused(string key, ExitCode code, string message)
        {
            var before = bed.Snapshot();
            Bed.AssertFailure(bed.Run("recover", bed.Name, "--key", key), code, message);
            Assert.Equal(before, bed.Snapshot());
            bed.AssertNothingOpen();
        }
    }

    [Fact]
    public void A_recovery_key_that_is_configured_later_is_served_by_a_rotation()
    {
        using var bed = Bed.Ready(("key", "encrypted"));
        Configure(bed);
        Assert.Contains("is wrapped for no recovery key, not for the configured", bed.Json("status").GetProperty("problem").GetString(), StringComparison.Ordinal);
        Bed.Done(bed.Run("rotate"));
        Assert.Null(bed.Json("status").GetProperty("problem").GetString());
        bed.NewHuk("huk.hex");
        Bed.Done(bed.Run("recover", bed.Name, "--key", bed["recovery.key"]));
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        bed.Down();
    }

    [Fact]
    public void Volumes_that_share_a_root_key_have_recoveries_of_their_own()
    {
        using var bed = Elsewhere();
        using var other = Elsewhere();
        var foreign = Record(other).Record(0).Recovery;
        Assert.NotEqual(foreign, Record(bed).Record(0).Recovery);
        Record(bed).Rewrite(record => record with { Recovery = foreign }, 0, 1);
        Bed.AssertFailure(bed.Run("recover", bed.Name, "--key", other["recovery.key"]), ExitCode.Refused, $"cannot recover {bed.Name}: the recovery key opens, but the decrypted volume does not hold");
    }

    /// <summary>A volume with a recovery key, and the HUK of another device.</summary>
    internal static Bed Elsewhere(bool detached = false, params (string Key, object? Value)[] settings)
    {
        var bed = Bed.With([("key", "encrypted"), .. settings]);
        if (detached)
            bed.Change("record", bed["record"]);
        Configure(bed);
        bed.Up();
        File.WriteAllText(bed.File1, "the file of the first boot");
        bed.Down();
        bed.NewHuk("huk.hex");
        return bed;
    }

    private static void Configure(Bed bed)
    {
        var line = Bed.Done(NativeBinary.Run("recovery", "new", bed["recovery.key"])).Stdout;
        bed.Change("recovery", line.Split('"')[1]);
        Assert.Equal(0b110_000_000, FileStatus.Of(bed["recovery.key"]).Mode & 0b111_111_111);
    }

    private static RecordFile Record(Bed bed, bool detached = false) => new(detached ? bed["record"] : bed.Image, isHeader: !detached);
}
