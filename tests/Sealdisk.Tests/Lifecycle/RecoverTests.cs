using System.Diagnostics;
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
        using var volume = TestVolume.OnAnotherDevice(detached);
        volume.Refused("up", ExitCode.DoesNotOpen, $"cannot unseal the root key above the key of {volume.Name}");
        var (before, data) = (volume.Record.Read(0), File.ReadAllBytes(volume.Image)[(detached ? 0 : TestVolume.MiB)..]);
        TestVolume.Done(volume.Run("recover", volume.Name, "--key", volume["recovery.key"]));
        volume.AssertNothingOpen();
        var after = volume.Record.Read(0);
        Assert.Equal(before with { Generation = before.Generation + 1, Key = after.Key }, after);
        Assert.Equal(after, volume.Record.Read(1));
        Assert.Equal(data, File.ReadAllBytes(volume.Image)[(detached ? 0 : TestVolume.MiB)..]);
        volume.Up();
        volume.AssertFileKept();
        volume.Down();

        // And from there on again, to a third.
        volume.NewHuk("huk.hex");
        TestVolume.Done(volume.Run("recover", volume.Name, "--key", volume["recovery.key"]));
        volume.Up();
        volume.Down();
    }

    [Fact]
    public void A_volume_is_decrypted_on_another_device_without_a_change_to_it()
    {
        using var volume = TestVolume.OnAnotherDevice();
        File.Delete(volume["huk.hex"]);
        var before = Tool.Shell("sha256sum < $1", volume.Image);
        TestVolume.Done(volume.Run("recover", volume.Name, "--key", volume["recovery.key"], "--decrypt", volume["plain"]));
        Assert.Equal(before, Tool.Shell("sha256sum < $1", volume.Image));
        Assert.Equal(TestVolume.FileContent, Tool.Shell("debugfs -R 'cat file' $1 2>/dev/null", volume["plain"]));
        TestVolume.AssertFailure(
            volume.Run("recover", volume.Name, "--key", volume["recovery.key"], "--decrypt", volume["plain"]),
            ExitCode.Refused,
            $"cannot write {volume["plain"]}: it exists (EEXIST)");
    }

    [Theory]
    [InlineData("fallocate:error=ENOSPC", "cannot allocate space in")]
    [InlineData("pwrite64:error=ENOSPC:when=2", "cannot write")]
    [InlineData("fsync,fdatasync:error=EIO", "cannot sync")]
    public void A_decryption_that_fails_leaves_no_half_image(string fault, string act)
    {
        using var volume = TestVolume.OnAnotherDevice();
        var plain = volume["plain"];
        var failed = NativeBinary.Run(new ProcessStartInfo("strace",
        [
            "-f", "-qq", "-o", "/dev/null", "-P", plain, "-e", $"trace={fault.Split(':')[0]}", "-e", $"inject={fault}",
            NativeBinary.Path, "--config", volume.Config, "recover", volume.Name, "--key", volume["recovery.key"], "--decrypt", plain,
        ]));
        TestVolume.AssertFailure(failed, ExitCode.Failed, $"{act} {plain}: ");
        Assert.False(File.Exists(plain));
    }

    [Fact]
    public void A_recovery_that_fails_writes_nothing()
    {
        using var volume = TestVolume.OnAnotherDevice();
        TestVolume.Done(NativeBinary.Run("recovery", "new", volume["other.key"]));
        Refused(volume["other.key"], ExitCode.DoesNotOpen, $"cannot recover {volume.Name}: its key was wrapped for recovery key ");
        File.WriteAllText(
            volume["bad.key"],
            File.ReadAllText(volume["recovery.key"]).Replace("SDKEY-", "SDKEY-Z", StringComparison.Ordinal));
        Refused(volume["bad.key"], ExitCode.Usage, $"cannot read recovery key {volume["bad.key"]}: it is too long");
        Refused(volume["absent"], ExitCode.Usage, $"cannot open {volume["absent"]}");
        Refused(volume.Config, ExitCode.Usage, $"cannot read recovery key {volume.Config}: it does not begin with SDKEY");

        var whole = volume.Record.Read(0);
        volume.Record.Rewrite(
            record => record.WithRecovery(text => text[..^1] + (text[^1] == '0' ? '1' : '0')), 0, 1);
        Refused(volume["recovery.key"], ExitCode.DoesNotOpen, $"cannot recover {volume.Name}: what was wrapped for recovery key ");
        volume.Record.Rewrite(_ => whole with { Key = (SealedKey.TwoLevel)whole.Key with { Recovery = null } }, 0, 1);
        Refused(volume["recovery.key"], ExitCode.Failed, $"cannot recover {volume.Name}: its key was not wrapped for a recovery key");
        volume.Record.Rewrite(_ => whole with { FilesystemUuid = "00000000-0000-4000-8000-000000000000" }, 0, 1);
        Refused(
            volume["recovery.key"],
            ExitCode.Refused,
            $"cannot recover {volume.Name}: the recovery key opens, but the decrypted volume does not hold ext4 00000000-");
        volume.Record.Spoil(0, 1);
        Refused(volume["recovery.key"], ExitCode.Refused, $"cannot bring up {volume.Name}: its record is damaged");

        void Refused(string key, ExitCode code, string message)
        {
            var before = volume.Snapshot();
            TestVolume.AssertFailure(volume.Run("recover", volume.Name, "--key", key), code, message);
            Assert.Equal(before, volume.Snapshot());
            volume.AssertNothingOpen();
        }
    }

    [Fact]
    public void A_rotation_wraps_the_key_for_a_recovery_key_configured_later()
    {
        using var volume = TestVolume.Ready(("key", "encrypted"));
        volume.AddRecoveryKey();
        Assert.Contains(
            "is wrapped for no recovery key, not for the configured",
            volume.Json("status").GetProperty("problem").GetString(),
            StringComparison.Ordinal);
        TestVolume.Done(volume.Run("rotate"));
        Assert.Null(volume.Json("status").GetProperty("problem").GetString());
        volume.NewHuk("huk.hex");
        TestVolume.Done(volume.Run("recover", volume.Name, "--key", volume["recovery.key"]));
        volume.Up();
        volume.AssertFileKept();
        volume.Down();
    }

    [Fact]
    public void Volumes_that_share_a_root_key_are_recovered_separately()
    {
        using var volume = TestVolume.OnAnotherDevice();
        using var other = TestVolume.OnAnotherDevice();
        var foreign = other.Record.Read(0).Recovery();
        Assert.NotEqual(foreign, volume.Record.Read(0).Recovery());
        volume.Record.Rewrite(record => record.WithRecovery(_ => foreign!), 0, 1);
        TestVolume.AssertFailure(
            volume.Run("recover", volume.Name, "--key", other["recovery.key"]),
            ExitCode.Refused,
            $"cannot recover {volume.Name}: the recovery key opens, but the decrypted volume does not hold");
    }
}
