using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Mapping;

/// <summary>
/// The mapping "fuse": a server process of our own decrypts the volume and shows it as the file /run/sealdisk/NAME/volume, and a loop
/// device in direct I/O mode shows that file as a block device. Works on any Linux with /dev/fuse and loop devices.
/// Opening and closing are mirror images; nothing here survives a reboot.
/// </summary>
public static class FuseMapping
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Starts the server, waits until it answers, and puts the loop device on top. On failure everything is undone.
    /// Nothing is written to the volume.
    /// </summary>
    /// <param name="request">What to map.</param>
    /// <exception cref="SealdiskException">The server could not start; its own message and exit code come through.</exception>
    /// <exception cref="LinuxException">A system call failed.</exception>
    public static MappingState Open(MappingRequest request)
    {
        Require("/dev/fuse", "load the 'fuse' module (CONFIG_FUSE_FS)");
        Require("/dev/loop-control", "load the 'loop' module (CONFIG_BLK_DEV_LOOP)");
        if (Find(request.Name) is { } there)
            throw SealdiskException.Failed(
                $"cannot open mapping {request.Name}: there is one already{(there.Problem is { } problem ? $", and {problem}" : "")}",
                $"'sealdisk map close {request.Name}' closes it");

        var folder = new RuntimeFolder(request.Name);
        folder.Create();
        try
        {
            var forServer = request.ForServer(folder);
            const OpenFlags Fresh = OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate;
            using (var file = FileDescriptor.Open(folder.Description, Fresh, Permissions.Mode0600))
                file.WriteAt(Encoding.UTF8.GetBytes(forServer.ToLine()), 0);
            using var server = ServerLaunch.Start(folder, forServer);
            var loop = LoopDevice.Attach(folder.Volume, new LoopOptions(request.Format.Layout.SectorSize, DirectIo: true));
            if (request.Discard)
                server.SettleDiscards(loop);
        }
        catch (Exception problem) when (problem is SealdiskException or LinuxException or IOException)
        {
            Close(request.Name);
            throw;
        }
        return Find(request.Name) ?? throw SealdiskException.Failed($"cannot open mapping {request.Name}: it vanished at once");
    }

    /// <summary>
    /// Takes a mapping down, whole or in pieces: loop device, mount, server, folder. What was written is on the backing device when this
    /// returns. Does nothing if there is no such mapping; returns whether there was one. A dead server's mapping goes even while programs
    /// hold files of it open: they get errors already, no byte of theirs can reach the device, and the loop device goes with the last of
    /// them.
    /// </summary>
    public static bool Close(string name)
    {
        var folder = new RuntimeFolder(name);
        if (!Directory.Exists(folder.Path))
            return false;
        RefuseOtherNamespace(folder);
        var isServed = FuseServerProcess.IsRunning(folder.ServerLog);
        foreach (var loop in LoopsOn(folder))
            loop.Detach(wait: isServed);
        while (IsMounted(folder))
            Mounts.Unmount(folder.Volume, isServed ? UnmountFlags.None : UnmountFlags.Detach);
        // The server ends by itself when its mount goes; only then are the last writes synced and the device free.
        WaitForEnd(folder);
        folder.Remove();
        return true;
    }

    /// <summary>
    /// Not for ever, with every other process waiting: a copy of the FUSE mount in another mount namespace (unshare(1), a container, a
    /// unit that was started meanwhile with private mounts) keeps the server serving.
    /// </summary>
    private static void WaitForEnd(RuntimeFolder folder)
    {
        var waited = Stopwatch.StartNew();
        while (FuseServerProcess.IsRunning(folder.ServerLog))
        {
            if (waited.Elapsed > EndLimit)
                throw SealdiskException.Failed(
                    $"cannot close mapping {folder.Name}: its server still runs, "
                    + $"{EndLimit.TotalSeconds:0} seconds after its file was unmounted (EBUSY)",
                    "it is still writing to a slow device, "
                    + $"or another mount namespace has the file too: grep -l {folder.Volume} /proc/*/mounts");
            Thread.Sleep(1);
        }
    }

    /// <summary>The mapping of that name as it is now, or null.</summary>
    public static MappingState? Find(string name)
    {
        var folder = new RuntimeFolder(name);
        if (!Directory.Exists(folder.Path))
            return null;
        var isRunning = FuseServerProcess.IsRunning(folder.ServerLog);
        var loop = LoopsOn(folder) is [var first, ..] ? first : null;
        var mounted = IsMounted(folder);
        // Nothing but files: left by an open that was killed before anything was there.
        if (!isRunning && loop is null && !mounted)
            return null;
        var request = ReadRequest(folder);
        return new MappingState(name, MappingKind.Fuse, loop?.Path)
        {
            Device = request?.Device,
            Cipher = request?.Cipher,
            KeySize = request?.KeySize,
            SectorSize = request?.SectorSize,
            SealedKeyId = request is null ? null : request.SealedKey[^Math.Min(32, request.SealedKey.Length)..],
            VolumePath = folder.Volume,
            Server = isRunning ? ReadPid(folder) : null,
            PassesDiscards = loop?.QueueLimit("discard_max_bytes") is > 0,
            LastError = LastLine(folder.ServerLog),
            Problem = ProblemOf(isRunning, mounted, loop),
        };
    }

    private static string? ProblemOf(bool isRunning, bool isMounted, LoopDevice? loop) => (isRunning, isMounted, loop) switch
    {
        (false, _, _) => "its server process has died; what was not synced before is lost",
        (_, false, _) => "its FUSE mount is gone",
        (_, _, null) => "its loop device is gone",
        _ => null,
    };

    /// <summary>Not through .NET's file streams: they would wait for the lock that the server holds on its log.</summary>
    private static string? LastLine(string log)
    {
        try
        {
            using var file = FileDescriptor.Open(log, OpenFlags.Read);
            Span<byte> end = stackalloc byte[1024];
            var read = file.ReadAt(end, Math.Max(0, file.Status().Size - end.Length));
            return Encoding.UTF8.GetString(end[..read]).Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>All mappings there are now.</summary>
    public static IReadOnlyList<MappingState> List() => RuntimeFolder.Names().Select(Find).OfType<MappingState>().ToArray();

    /// <summary>
    /// A mapping that was opened inside another mount namespace, as a systemd unit with PrivateTmp= has one, cannot be unmounted from
    /// here, and its server would be waited for in vain.
    /// </summary>
    private static void RefuseOtherNamespace(RuntimeFolder folder)
    {
        if (ReadPid(folder) is var server && server == 0 || !FuseServerProcess.IsRunning(folder.ServerLog))
            return;
        var theirs = new FileInfo($"/proc/{server}/ns/mnt").LinkTarget;
        if (theirs is not null && theirs != new FileInfo("/proc/self/ns/mnt").LinkTarget)
            throw SealdiskException.Failed(
                $"cannot close mapping {folder.Name}: it was opened in another mount namespace, that of process {server}",
                $"nsenter -t {server} -m sealdisk down {folder.Name}; and open it where all can see it: "
                + "a systemd unit that opens it must not have PrivateTmp= or PrivateMounts=");
    }

    private static void Require(string device, string remedy)
    {
        if (FileStatus.TryOf(device) is null)
            throw SealdiskException.Lacking($"cannot open a fuse mapping: this system has no {device}", remedy);
    }

    private static IReadOnlyList<LoopDevice> LoopsOn(RuntimeFolder folder) => LoopDevice.Showing(folder.Volume);

    private static bool IsMounted(RuntimeFolder folder) => Mounts.Read().Any(mount => mount.Target == folder.Volume);

    private static ServeRequest? ReadRequest(RuntimeFolder folder)
    {
        try
        {
            return ServeRequest.Parse(File.ReadAllBytes(folder.Description));
        }
        catch (Exception problem) when (problem is IOException or FormatException)
        {
            return null;
        }
    }

    /// <summary>For people; whether the server lives is told by its lock, not by this number. 0 if it is not known.</summary>
    private static int ReadPid(RuntimeFolder folder)
    {
        try
        {
            return int.TryParse(
                File.ReadAllText(folder.ServerPid), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var pid)
                ? pid
                : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
