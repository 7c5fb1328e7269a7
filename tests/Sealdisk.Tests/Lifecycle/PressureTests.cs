using System.Globalization;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>
/// The user-space path when space or the device under it run out, and in many rounds: errors reach the reader as errors, nothing
/// waits for ever, nothing is left.
/// </summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class PressureTests
{
    /// <summary>Opens and closes in a row: SEALDISK_ROUNDS, or a hundred.</summary>
    private static readonly int Rounds = int.Parse(
        Environment.GetEnvironmentVariable("SEALDISK_ROUNDS") ?? "100",
        CultureInfo.InvariantCulture);

    /// <summary>
    /// A sparse image on a filesystem that is full: what was synced before stays whole, what does not fit is an error, and both end.
    /// </summary>
    [Fact]
    public void A_full_disk_is_an_error_and_costs_nothing_that_was_synced()
    {
        using var volume = TestVolume.With(("size", "64MiB"), ("discard", true));
        Directory.CreateDirectory(volume["small"]);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=24m", "none", volume["small"]);
        try
        {
            volume.Change("device", volume["small/image"]);
            volume.Up();
            Tool.Shell(
                "dd if=/dev/urandom of=$1/kept bs=1M count=4 conv=fsync status=none; sync -f $1/kept; sha256sum < $1/kept > $2",
                volume.Mount,
                volume["sum"]);
            var (code, output) = Tool.Try(
                "/bin/sh", "-c", "dd if=/dev/urandom of=$1/lost bs=1M count=40 conv=fsync status=none", "sh",
                volume.Mount);
            Assert.NotEqual(0, code);
            Assert.Matches("Input/output error|No space left|Read-only", output);
            Tool.Try("umount", volume.Mount);
            var down = volume.Run("down");
            Assert.Equal((int)ExitCode.Failed, down.Exit);
            Assert.Contains("its server reported errors", down.Stderr, StringComparison.Ordinal);
            Assert.Equal("down", volume.State);

            // With room again it comes up by itself.
            Tool.Run("mount", "-o", "remount,size=96m", volume["small"]);
            volume.Up();
            Assert.Equal(File.ReadAllText(volume["sum"]), Tool.Shell("sha256sum < $1/kept", volume.Mount));
            TestVolume.Done(volume.Run("down"));
        }
        finally
        {
            volume.Run("down");
            Tool.Run("umount", volume["small"]);
        }
    }

    /// <summary>An image that is cut off under the server: reads of what is gone are errors, never zeros.</summary>
    [Fact]
    public void A_shortened_image_reads_as_errors_not_as_zeros()
    {
        using var volume = TestVolume.With(("size", "32MiB"), ("mount", null));
        volume.Up();
        var block = volume.Json("status").GetProperty("block").GetString()!;
        Tool.Shell("dd if=/dev/urandom of=$1 bs=1M seek=20 count=8 oflag=direct conv=fsync status=none", block);
        Tool.Run("truncate", "-s", "16M", volume.Image);
        foreach (var flag in new[] { "iflag=direct", "iflag=fullblock" })
        {
            var (code, output) = Tool.Try("dd", $"if={block}", "of=/dev/null", "bs=1M", "skip=22", "count=2", flag, "status=none");
            Assert.True(code != 0, $"reading what is gone succeeded ({flag})");
            Assert.Contains("Input/output error", output, StringComparison.Ordinal);
        }
        volume.Run("down");
        volume.AssertNothingOpen();
    }

    /// <summary>
    /// The server and who writes through it share a little memory, full of pages that only the server can clean. It must not
    /// need any to do so. Through the page cache this stood still for ever: the server's own write to the image waited for the
    /// pages that waited for the server.
    /// </summary>
    [Fact]
    public void A_memory_limit_full_of_dirty_pages_slows_writes_and_stops_none()
    {
        const long limit = 48 << 20;
        using var group = MemoryLimit.TryMake(limit);
        Assert.SkipWhen(group is null, "this machine lets nobody limit memory (no memory controller that can be written to)");
        using var volume = TestVolume.With(("size", "288MiB"), ("mapping", "fuse"));
        try
        {
            // The server is started in the group by "up", and stays there.
            var up = group.Shell("$1 up --config $2 --quiet", NativeBinary.Path, volume.Config);
            Assert.True(up.Code == 0, up.Output);
            using var standstill = new Timer(_ => AbortServing(volume.Name), null, Patience.Limit, Timeout.InfiniteTimeSpan);
            var written = group.Shell(
                "dd if=/dev/urandom of=$1/data bs=1M count=192 status=none; sync -f $1/data; sha256sum < $1/data",
                volume.Mount);
            Assert.True(written.Code == 0, written.Output);
            Assert.InRange(group.Peak, limit * 3 / 4, limit * 2);
            volume.KillServer();
            volume.Up();
            Assert.Equal(written.Output, Tool.Shell("sha256sum < $1/data", volume.Mount));
        }
        finally
        {
            volume.Run("down");
        }
    }

    /// <summary>Nothing adds up: no loop device, mount, folder, process, key or kernel memory stays behind a round.</summary>
    [Fact]
    public void Rounds_of_open_and_close_leave_nothing()
    {
        using var volume = TestVolume.Ready();
        var before = Left();
        for (var round = 0; round < Rounds; round++)
        {
            TestVolume.Done(NativeBinary.Run("map", "open", volume.Name, volume.Image, "--huk", volume["huk.hex"], "--quiet"));
            TestVolume.Done(NativeBinary.Run("map", "close", volume.Name, "--quiet"));
        }
        volume.AssertNothingOpen();
        Assert.True(SpinWait.SpinUntil(() => Left() == before, Patience.Limit), $"before: {before}; after {Rounds} rounds: {Left()}");
        TestContext.Current.SendDiagnosticMessage($"{Rounds} rounds");
    }

    /// <summary>
    /// Fails whatever waits for the server, which nothing else ends: a deadlock in the kernel outlives SIGKILL and a lifted limit.
    /// </summary>
    private static void AbortServing(string volume)
    {
        var mount = Sealdisk.Linux.Mounts.Read().Single(mount => mount.Target == $"/run/sealdisk/{volume}/volume");
        File.WriteAllText($"/sys/fs/fuse/connections/{mount.Device.Minor}/abort", "1");
    }

    /// <summary>
    /// What a leak would show in: attached loop devices, FUSE connections, mounts, folders, keys. Servers are counted by the volume, since
    /// those of other tests may still be going.
    /// </summary>
    private static string Left() => Tool.Shell(
        """
        echo loops $(ls -d /sys/block/loop*/loop 2>/dev/null | wc -l) \
            fuse $(ls /sys/fs/fuse/connections 2>/dev/null | wc -l) \
            mounts $(wc -l < /proc/self/mounts) \
            folders $(ls /run/sealdisk | wc -l) keys $(grep -c sealdisk: /proc/keys || true)
        """);
}
