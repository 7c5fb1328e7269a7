using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

[Trait("needs", "native")]
public sealed class FuseServerProcessTests : IDisposable
{
    private const int Size = 1 << 20;

    private readonly TemporaryDirectory _directory = new();
    private readonly string _volume;
    private readonly string _log;

    public FuseServerProcessTests()
    {
        _volume = _directory["volume"];
        _log = _directory["log"];
        DirectoryEntries.CreateFile(_volume).Dispose();
        using var image = DirectoryEntries.CreateFile(_directory["image"]);
        image.Truncate(Size);
    }

    public void Dispose()
    {
        while (IsMounted)
            Mounts.Unmount(_volume, UnmountFlags.Detach);
        FuseServerProcess.WaitForEnd(_log);
        _directory.Dispose();
    }

    private bool IsMounted => Mounts.Read().Any(mount => mount.Target == _volume);

    [Fact]
    public void It_serves_until_the_file_is_unmounted_and_by_then_all_is_written()
    {
        using var child = new ServerChild(Request(discard: false));
        Assert.Equal("ready", child.Hear());
        Assert.True(FuseServerProcess.IsRunning(_log));
        Tool.Shell("""printf 'a secret of the volume' | dd of="$1" bs=512 seek=3 conv=notrunc status=none""", _volume);
        WaitForDaemon(child);

        Tool.Shell("kill -TERM $1; kill -INT $1; kill -HUP $1; kill -PIPE $1; kill -QUIT $1", $"{child.Id}");
        child.HangUp();
        Assert.Equal("a secret of the volume", Tool.Run("dd", $"if={_volume}", "bs=1", "skip=1536", "count=22", "status=none"));

        Mounts.Unmount(_volume, UnmountFlags.None);
        FuseServerProcess.WaitForEnd(_log);
        Assert.False(FuseServerProcess.IsRunning(_log));
        Assert.Equal((0, ""), child.End());
        Assert.DoesNotContain("a secret", File.ReadAllText(_directory["image"], System.Text.Encoding.Latin1));
        using (var volume = ServedVolume.Encrypted(FileDevice.Open(_directory["image"]), 4096))
        {
            var data = new byte[22];
            volume.Read(1536, data);
            Assert.Equal("a secret of the volume"u8, data);
        }
        Assert.Equal("", File.ReadAllText(_log));
    }

    [Fact]
    public void It_is_a_daemon_that_keeps_its_memory_to_itself()
    {
        using var child = new ServerChild(Request(discard: false));
        Assert.Equal("ready", child.Hear());
        WaitForDaemon(child);
        var proc = $"/proc/{child.Id}";
        var streams = Enumerable.Range(0, 3).Select(fd => File.ResolveLinkTarget($"{proc}/fd/{fd}", false)!.FullName);
        Assert.Equal(["/dev/null", "/dev/null", _log], streams);
        Assert.Equal("/", File.ResolveLinkTarget($"{proc}/cwd", false)!.FullName);
        Assert.Equal("sealdisk-fuse\n", File.ReadAllText($"{proc}/comm"));
        var stat = File.ReadAllText($"{proc}/stat").Split(") ")[1].Split(' ');
        Assert.Equal($"{child.Id}", stat[3]); // leader of a session
        Assert.Equal("0", Tool.Shell("""awk '/Max core file size/ { print $5 }' "$1/limits" """, proc).Trim());
        Assert.NotEqual("0", Tool.Shell("""awk '/VmLck/ { print $2 }' "$1/status" """, proc).Trim());
        Assert.Equal(0x180, FileStatus.Of(_log).Mode);
        const long ioFlusher = 0x00080000 | 0x00100000; // PF_MEMALLOC_NOIO, PF_LOCAL_THROTTLE
        string[] serving = [];
        // A thread has its name a moment after it has begun.
        Assert.True(SpinWait.SpinUntil(() => (serving = ServingThreads(proc)).Length == 2, Patience.Limit));
        var expected = CurrentProcess.HasCapability(Capability.SysResource) ? ioFlusher : 0;
        Assert.All(serving, task =>
        {
            var flags = long.Parse(File.ReadAllText($"{task}/stat").Split(") ")[1].Split(' ')[6]);
            Assert.Equal(expected, flags & ioFlusher);
        });
    }

    private static string[] ServingThreads(string proc) =>
        [.. Directory.GetDirectories($"{proc}/task").Where(task => File.ReadAllText($"{task}/comm") == "sealdisk fuse\n")];

    [Fact]
    public void It_ends_when_the_opener_goes_away_while_it_waits()
    {
        using var child = new ServerChild(Request(discard: true));
        Assert.Equal("ready", child.Hear());
        Assert.True(IsMounted);
        child.HangUp();
        var (code, errors) = child.End();
        Assert.Equal(1, code);
        Assert.Contains("EPIPE", errors);
        Assert.False(IsMounted);
        Assert.False(FuseServerProcess.IsRunning(_log));
    }

    [Theory]
    [InlineData("live discard", true)]
    [InlineData("live", false)]
    public void The_opener_decides_whether_discards_pass(string word, bool passes)
    {
        using var child = new ServerChild(Request(discard: true));
        Assert.Equal("ready", child.Hear());
        Tool.Run("dd", "if=/dev/urandom", $"of={_volume}", "bs=64k", "count=16", "conv=notrunc,fsync", "status=none");
        Assert.NotEqual(0, Tool.Try("fallocate", "-p", "-l", "65536", _volume).Code);
        child.Say(word);
        Assert.Equal("live", child.Hear());
        Assert.Equal(passes, Tool.Try("fallocate", "-p", "-l", "65536", _volume).Code == 0);
        Assert.NotEqual(0, Tool.Try("fallocate", "-z", "-n", "-l", "65536", _volume).Code);
        using (var image = FileDescriptor.Open(_directory["image"], OpenFlags.Read))
        {
            var data = new byte[65536];
            Assert.Equal(data.Length, image.ReadAt(data, 0));
            Assert.Equal(passes, !data.AsSpan().ContainsAnyExcept((byte)0));
        }
        Mounts.Unmount(_volume, UnmountFlags.None);
        Assert.Equal((0, ""), child.End());
    }

    [Fact]
    public void A_server_that_cannot_serve_says_why_and_leaves_nothing_behind()
    {
        using (var missing = new ServerChild(Request(discard: false) with { Device = _directory["none"] }))
        {
            Assert.Null(missing.Hear());
            Assert.Equal((1, $"cannot look at {_directory["none"]}: No such file or directory (ENOENT)\n"), missing.End());
        }
        using (var unmountable = new ServerChild(Request(discard: false) with { MountFile = _directory["none"] }))
        {
            Assert.Null(unmountable.Hear());
            Assert.Equal((1, $"cannot mount test on {_directory["none"]}: No such file or directory (ENOENT)\n"), unmountable.End());
        }
        Assert.False(IsMounted);
        Assert.False(FuseServerProcess.IsRunning(_log));
        Assert.False(FuseServerProcess.IsRunning(_directory["none"]));
    }

    /// <summary>
    /// Several processes ask at once, as `status` of one volume asks of all: none of them is taken for a server, and a log that is
    /// being removed does not come back.
    /// </summary>
    [Fact]
    public void Asking_whether_it_runs_looks_like_no_server_and_leaves_nothing_behind()
    {
        using var enough = new CancellationTokenSource();
        var (asked, seen) = (0, 0);
        var asking = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            for (; !enough.IsCancellationRequested; Interlocked.Increment(ref asked))
            {
                if (FuseServerProcess.IsRunning(_log))
                    Interlocked.Increment(ref seen);
            }
        })).ToArray();
        Array.ForEach(asking, thread => thread.Start());
        var again = 0;
        try
        {
            for (var round = 0; round < 2000 || Volatile.Read(ref asked) < 20_000; round++)
            {
                DirectoryEntries.CreateFile(_log).Dispose();
                DirectoryEntries.Unlink(_log);
                if (FileStatus.TryOf(_log) is null)
                    continue;
                again++;
                DirectoryEntries.Unlink(_log);
            }
        }
        finally
        {
            enough.Cancel();
            Array.ForEach(asking, thread => thread.Join());
        }
        Assert.Equal((0, 0), (seen, again));
    }

    [Fact]
    public void A_killed_server_leaves_errors_behind_never_a_hang_or_zeros()
    {
        using var child = new ServerChild(Request(discard: false));
        Assert.Equal("ready", child.Hear());
        Tool.Shell("kill -KILL $1", $"{child.Id}");
        child.End();
        var (code, output) = Tool.Try("dd", $"if={_volume}", "of=/dev/null", "count=1", "status=none");
        Assert.Equal(1, code);
        Assert.Contains("Transport endpoint is not connected", output);
        FuseServerProcess.WaitForEnd(_log);
        Mounts.Unmount(_volume, UnmountFlags.None);
    }

    /// <summary>Until its last standard stream is elsewhere.</summary>
    private void WaitForDaemon(ServerChild child) => Assert.True(
        SpinWait.SpinUntil(() => File.ResolveLinkTarget($"/proc/{child.Id}/fd/2", false)?.FullName == _log, Patience.Limit),
        "the server did not let go of its standard streams");

    private ServeRequest Request(bool discard) => new()
    {
        Device = _directory["image"],
        Offset = ByteCount.Zero,
        Length = new ByteCount(Size),
        Cipher = "aes-xts-plain64",
        KeySize = 64,
        SectorSize = 4096,
        IvLargeSectors = false,
        IvOffset = Sectors.Zero,
        SealedKey = "",
        HukFile = "",
        MountFile = _volume,
        FsName = "test",
        Discard = discard,
        LogFile = _log,
    };
}
