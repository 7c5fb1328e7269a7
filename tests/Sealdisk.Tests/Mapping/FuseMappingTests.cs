using System.Diagnostics;

namespace Sealdisk.Tests.Mapping;

/// <summary>The mapping and its server, also where the server dies.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class FuseMappingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_killed_server_is_noticed_and_up_brings_back_what_was_synced(bool fileHeldOpen)
    {
        using var volume = TestVolume.Ready(("size", "24MiB"));
        volume.Up();
        Tool.Shell(
            "dd if=/dev/urandom of=$1 bs=64k count=20 conv=fsync status=none; sha256sum < $1 > $2",
            volume["mnt/synced"],
            volume["sum"]);
        // A daemon with an open file must not keep its device from coming back.
        using (fileHeldOpen ? File.Open(volume["mnt/held"], FileMode.Create) : null)
        {
            volume.KillServer();
            Assert.Equal("degraded", volume.State);
            Assert.Contains(
                "its server process has died",
                volume.Json("status").GetProperty("problem").GetString(),
                StringComparison.Ordinal);
            var up = volume.Up();
            Assert.Contains("take down what a dead server left behind  (unmounted ", up.Stderr, StringComparison.Ordinal);
            Assert.Equal("up", volume.State);
            Tool.Shell("sha256sum < $1 | cmp - $2", volume["mnt/synced"], volume["sum"]);
            volume.AssertFileKept();
        }
        volume.Down();
        volume.AssertFilesystemClean();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_kill_down_cleans_everything_up(bool fileHeldOpen)
    {
        using var volume = TestVolume.Ready(("size", "24MiB"));
        volume.Up();
        using (fileHeldOpen ? File.Open(volume["mnt/held"], FileMode.Create) : null)
        {
            volume.KillServer();
            Assert.Contains($"closed mapping {volume.Name}", TestVolume.Done(volume.Run("down")).Stderr, StringComparison.Ordinal);
        }
        volume.Down();
        volume.Up();
        volume.AssertFileKept();
    }

    /// <summary>
    /// Its requests are then waited for one by one: a server that asks again and again whether there is one would use up a processor.
    /// </summary>
    [Fact]
    public void A_server_without_asynchronous_transfers_waits_instead_of_polling()
    {
        using var volume = TestVolume.Ready(("size", "24MiB"));
        var result = NativeBinary.Run(new ProcessStartInfo("strace",
        [
            "-f", "-qq", "-y", "-o", volume["log"], "-e", "trace=io_setup,io_submit,read", "-e",
            "inject=io_setup:error=ENOSYS", "sh", "-euc",
            "$1 up --config $2; head -c 3M /dev/urandom >$3/file; sync -f $3/file; $1 down --config $2", "sh",
            NativeBinary.Path, volume.Config, volume["mnt"],
        ]));
        Assert.True(result.Exit == 0, result.Stderr);
        var calls = File.ReadAllLines(volume["log"]);
        Assert.Contains(
            calls,
            call => call.Contains("io_setup(", StringComparison.Ordinal) && call.EndsWith("(INJECTED)", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, call => call.Contains("io_submit", StringComparison.Ordinal));
        Assert.Contains(calls, call => call.Contains("</dev/fuse>", StringComparison.Ordinal));
        Assert.DoesNotContain(
            calls,
            call => call.Contains("</dev/fuse>", StringComparison.Ordinal) && call.Contains("EAGAIN", StringComparison.Ordinal));
    }

    [Fact]
    public void A_hundred_rounds_of_open_and_close_leave_nothing_behind()
    {
        Parallel.For(0, 2, _ =>
        {
            using var volume = TestVolume.Ready();
            var name = volume.Name + "-round";
            Tool.Shell(
                "for i in $(seq 50); do $1 map open $2 $3 --huk $4 >/dev/null; $1 map close $2 >/dev/null; done",
                NativeBinary.Path, name, volume.Image, volume["huk.hex"]);
            Assert.True(SpinWait.SpinUntil(() => !TestVolume.Servers(name).Any(), Patience.Limit));
            Assert.Equal(
                "",
                Tool.Shell("(losetup -a; cat /proc/self/mounts; ls -A /run/sealdisk) | grep -F -e $1 -e $2 || true", name, volume.Image));
            volume.AssertNothingOpen();
        });
    }

    /// <summary>
    /// Every verb looks at all mappings, to know whose the devices are: units that start and stop side by side look at what comes and goes.
    /// </summary>
    [Fact]
    public void Listing_all_mappings_does_not_disturb_one_that_opens_and_closes()
    {
        using var volume = TestVolume.Ready();
        var name = volume.Name + "-round";
        // The looker waits where the other one may be faster: before it opens what it has just seen.
        Tool.Shell(
            """
            until [ -e "$5" ]; do
                strace -qq -o /dev/null -P "/run/sealdisk/$2/server.log" -e trace=openat -e inject=openat:delay_enter=3000 "$1" map list
            done >/dev/null & looker=$!
            trap 'touch "$5"' EXIT
            for i in $(seq 40); do
                "$1" map open "$2" "$3" --huk "$4"
                "$1" map close "$2"
            done >/dev/null
            touch "$5"
            wait $looker
            """, NativeBinary.Path, name, volume.Image, volume["huk.hex"], volume["done"]);
        Assert.True(SpinWait.SpinUntil(() => !TestVolume.Servers(name).Any(), Patience.Limit));
        volume.AssertNothingOpen();
    }

    [Fact]
    public void A_mounted_mapping_is_not_closed()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        TestVolume.AssertFailure(
            NativeBinary.Run("map", "close", volume.Name),
            ExitCode.Failed,
            $"cannot close mapping {volume.Name}: it is mounted on {volume.Mount} (EBUSY)",
            "umount");
        Assert.Equal("up", volume.State);
    }

    [Fact]
    public void A_file_in_use_keeps_a_volume_up()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        using (File.OpenRead(volume.MountedFile))
            TestVolume.AssertFailure(volume.Run("down"), ExitCode.Failed, $"cannot unmount {volume.Mount}: ", $"fuser -vm {volume.Mount}");
        Assert.Equal("up", volume.State);
        volume.Down();
    }

    [Fact]
    public void A_mapping_of_another_mount_namespace_is_reported_as_such()
    {
        using var volume = TestVolume.Ready();
        TestVolume.Done(NativeBinary.Run(new ProcessStartInfo(
            "unshare",
            ["-m", "--propagation", "slave", NativeBinary.Path, "--config", volume.Config, "up"])));
        var server = Assert.Single(TestVolume.Servers(volume.Name));
        foreach (var verb in new[] { "down", "up" })
            TestVolume.AssertFailure(
                volume.Run(verb),
                ExitCode.Failed,
                $"cannot close mapping {volume.Name}: it was opened in another mount namespace, that of process {server}",
                $"nsenter -t {server} -m sealdisk down {volume.Name}");
        TestVolume.Done(NativeBinary.Run(new ProcessStartInfo(
            "nsenter",
            ["-t", $"{server}", "-m", NativeBinary.Path, "--config", volume.Config, "down"])));
        volume.AssertNothingOpen();
    }

    [Fact]
    public void Only_its_owner_can_read_the_decrypted_volume()
    {
        using var volume = TestVolume.Ready();
        volume.Up();
        var (code, output) = Tool.Try(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "head", "-c1",
            $"/run/sealdisk/{volume.Name}/volume");
        Assert.NotEqual(0, code);
        Assert.Contains("Permission denied", output, StringComparison.Ordinal);
    }
}
