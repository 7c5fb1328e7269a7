using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>A first boot that is killed, at every step: the next `up` goes on with the same sealed key, and ends ready.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed partial class InterruptionTests
{
    /// <summary>
    /// Kills `up` at its first, second, third, ... system call of the kinds that change something, until one run gets through. What the
    /// kernel had been told to do by then is what a power cut would have left at best; see the crash tests for less.
    /// </summary>
    [Theory]
    [InlineData("header")]
    [InlineData("detached")]
    public void A_first_boot_killed_anywhere_resumes_with_the_same_key(string record)
    {
        var (killed, kept) = (0, 0);
        var calls = new ConcurrentQueue<string>([
            "pwrite64", "fsync", "fdatasync", "rename", "fallocate", "unlink", "mkdir", "mount", "clone,clone3",
        ]);
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            while (calls.TryDequeue(out var call))
            {
                for (var at = 1; IsKilledAt(record, call, at, ref kept); at++)
                    Interlocked.Increment(ref killed);
            }
        });
        Assert.True(killed > 15, $"only {killed} calls were seen");
        Assert.True(kept > 5, $"a key was kept {kept} times only");
    }

    private static bool IsKilledAt(string record, string call, int at, ref int kept)
    {
        using var volume = TestVolume.With();
        if (record == "detached")
            volume.Change("record", volume["record"]);
        if (Traced(volume, "up", call, at).Exit == 0)
            return false;
        var key = SealedKey(record == "detached" ? volume["record"] : volume.Image);
        Assert.Contains(volume.State, new[] { "new", "provisioning", "degraded", "mapped", "down" });
        var up = volume.Run("up");
        Assert.True(up.Exit == 0, $"killed at {call} {at}: {up.Stderr}");
        Assert.Equal("ready", volume.Json("status").GetProperty("record_state").GetString());
        if (key is not null)
        {
            Assert.Equal(key, SealedKey(record == "detached" ? volume["record"] : volume.Image));
            Interlocked.Increment(ref kept);
        }
        volume.Down();
        return true;
    }

    /// <summary>
    /// What it had opened by then is still there: server, mounts, loop device, lock file. The next `up` ends it, and `down` leaves nothing.
    /// </summary>
    [Theory]
    [InlineData("up")]
    [InlineData("down")]
    public void A_later_boot_killed_anywhere_comes_up_at_the_next_try(string verb)
    {
        var (killed, open) = (0, 0);
        var calls = new ConcurrentQueue<string>([
            "ioctl", "mount", "umount2", "mkdir", "rmdir", "unlink", "fsync", "flock", "clone,clone3",
        ]);
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            using var volume = TestVolume.Ready();
            while (calls.TryDequeue(out var call))
            {
                for (var at = 1; IsKilledAt(volume, verb, call, at, ref open); at++)
                    Interlocked.Increment(ref killed);
            }
        });
        Assert.True(killed > 10, $"only {killed} calls were seen");
        Assert.True(open > 3, $"something was left open {open} times only");
    }

    private static bool IsKilledAt(TestVolume volume, string verb, string call, int at, ref int open)
    {
        if (verb == "down")
            volume.Up();
        if (Traced(volume, verb, call, at).Exit == 0)
        {
            volume.Down();
            return false;
        }
        if (volume.State != "down")
            Interlocked.Increment(ref open);
        var up = volume.Run("up");
        Assert.True(up.Exit == 0, $"killed at {call} {at}: {up.Stderr}");
        volume.AssertFileKept();
        volume.Down();
        return true;
    }

    private static ProgramResult Traced(TestVolume volume, string verb, string call, int at) => NativeBinary.Run(new ProcessStartInfo(
        "strace",
        [
            "-qq", "-o", "/dev/null", "-e", $"trace={call}", "-e",
            string.Create(CultureInfo.InvariantCulture, $"inject={call}:signal=KILL:when={at}"), NativeBinary.Path,
            "--config", volume.Config, verb,
        ]));

    [Theory]
    [InlineData("exit 1", "cannot make ext4 on /dev/loop", ExitCode.Failed)]
    [InlineData("echo 'mkfs: no luck today' >&2; exit 9", "mkfs.ext4 ended with 9: mkfs: no luck today", ExitCode.Failed)]
    [InlineData("exit 0", "mkfs.ext4 reported success, but the device holds nothing that Sealdisk recognises", ExitCode.Failed)]
    [InlineData(null, "cannot run /usr/sbin/mkfs.ext4: Permission denied (EACCES)", ExitCode.Lacking)]
    public void A_first_boot_resumes_after_mkfs_failed_or_was_missing(string? script, string message, ExitCode code)
    {
        using var volume = TestVolume.With();
        var without = script is null ? "/dev/null" : volume["mkfs"];
        if (script is not null)
            Tool.Shell("printf '#!/bin/sh\\n%s\\n' \"$2\" > $1; chmod 755 $1", without, script);
        var failed = volume.RunAfter("mount --bind $1 /usr/sbin/mkfs.ext4", without, "up");
        Assert.True(failed.Exit == (int)code, failed.Stderr);
        Assert.Contains(message, failed.Stderr, StringComparison.Ordinal);
        volume.AssertNothingOpen();

        var key = SealedKey(volume.Image);
        Assert.NotNull(key);
        Assert.Equal("provisioning", volume.State);
        Assert.Contains(
            "its first boot was cut short and will be resumed",
            TestVolume.Done(volume.Run("check")).Stdout,
            StringComparison.Ordinal);
        Assert.StartsWith($"{volume.Name}: resuming a first boot that was cut short\n", volume.Up().Stderr, StringComparison.Ordinal);
        Assert.Equal(key, SealedKey(volume.Image));
    }

    /// <summary>
    /// Killed in mkfs, before and after it worked, the mapping stays; the next up, with no reboot between, takes it down first.
    /// </summary>
    [Theory]
    [InlineData("kill -9 $PPID")]
    [InlineData("$0.real \"$@\"; kill -9 $PPID")]
    public void A_first_boot_killed_in_mkfs_resumes_without_a_reboot(string script)
    {
        using var volume = TestVolume.With();
        Tool.Shell(
            "printf '#!/bin/sh\\n%s\\n' \"$2\" > $1; chmod 755 $1; mkdir $3; cp $(readlink -f /usr/sbin/mkfs.ext4) $3/mkfs.ext4",
            volume["mkfs"],
            script.Replace("$0.real", volume["real/mkfs.ext4"], StringComparison.Ordinal),
            volume["real"]);
        // All in one mount namespace, as on a real system; only there is /usr/sbin/mkfs.ext4 ours for a while.
        var output = NativeBinary.Run(new ProcessStartInfo(
            "unshare",
            [
                "-m", "--propagation", "slave", "sh", "-uc",
                "mount --bind $1 /usr/sbin/mkfs.ext4; shift; \"$@\" up; echo \"killed: $?\"; "
                    + "until umount /usr/sbin/mkfs.ext4 2>/dev/null; do :; done; \"$@\" status; cp $IMAGE $IMAGE.killed; "
                    + "\"$@\" up && \"$@\" status && \"$@\" down",
                "sh", volume["mkfs"], NativeBinary.Path, "--config", volume.Config,
            ]) { Environment = { ["IMAGE"] = volume.Image } });
        Assert.True(output.Exit == 0, output.Stdout + output.Stderr);
        Assert.Contains("killed: 137\n", output.Stdout, StringComparison.Ordinal);
        Assert.Contains(
            $"{volume.Name}: resuming a first boot that was cut short\n"
                + "  ✓ close the mapping that an interrupted 'up' left open\n  ✓ unseal",
            output.Stderr,
            StringComparison.Ordinal);
        Assert.Contains("header, both good, ready", output.Stdout, StringComparison.Ordinal);
        volume.AssertNothingOpen();
        Assert.Equal(SealedKey(volume["image.killed"]), SealedKey(volume.Image));
        Assert.Contains(": later boot\n", volume.Up().Stderr, StringComparison.Ordinal);
    }

    /// <summary>The sealed key of copy A or, where that is not there yet, copy B.</summary>
    private static string? SealedKey(string path)
    {
        if (!File.Exists(path))
            return null;
        // Not with File: it takes a lock, and the server of a volume that is up has that.
        using var file = FileDescriptor.Open(path, OpenFlags.Read);
        var start = new byte[TestVolume.MiB];
        var text = System.Text.Encoding.Latin1.GetString(start, 0, file.ReadAt(start, 0));
        return Key().Match(text) is { Success: true } match ? match.Value : null;
    }

    [GeneratedRegex("sealed-key=[0-9a-f]+\n", RegexOptions.NonBacktracking)]
    private static partial Regex Key();
}
