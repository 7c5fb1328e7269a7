using System.Diagnostics;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// The mapping "fuse": a server process of our own decrypts the volume and shows it as the file /run/sealdisk/NAME/volume, and a loop
/// device in direct I/O mode shows that file as a block device. Works on any Linux with /dev/fuse and loop devices.
/// Opening and closing are mirror images; nothing here survives a reboot.
/// </summary>
public static class FuseMapping
{
    private static readonly TimeSpan ServerExitLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Starts the server, waits until it answers, and puts the loop device on top. On failure everything is undone.
    /// Nothing is written to the volume.
    /// </summary>
    /// <param name="description">What to map; all of it must have been checked, above all that the sealed key opens.</param>
    /// <exception cref="SealdiskException">The server could not start; its own message and exit code come through.</exception>
    /// <exception cref="LinuxException">A system call failed.</exception>
    public static MappingState Open(MappingDescription description)
    {
        Require("/dev/fuse", "load the 'fuse' module (CONFIG_FUSE_FS)");
        Require("/dev/loop-control", "load the 'loop' module (CONFIG_BLK_DEV_LOOP)");
        var folder = new RuntimeFolder(description.Name);
        if (Find(description.Name) is { } there)
            throw SealdiskException.Failed($"cannot open mapping {description.Name}: there is one already{(there.Problem is { } problem ? $", and {problem}" : "")}", $"'sealdisk map close {description.Name}' closes it");

        folder.Create();
        try
        {
            using (var file = FileDescriptor.Open(folder.Description, OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate, 0b110_000_000))
                file.WriteAt(description.ToJson(), 0);
            using var server = ServerLaunch.Start(folder, description);
            server.Process.Write(folder.ServerPid);
            var loop = LoopDevice.Attach(folder.Volume, new LoopOptions(description.SectorSize, DirectIo: true));
            server.GoLive(loop, description.Discard);
        }
        catch (Exception problem) when (problem is SealdiskException or LinuxException or IOException)
        {
            Close(description.Name);
            throw;
        }
        return Find(description.Name) ?? throw SealdiskException.Failed($"cannot open mapping {description.Name}: it vanished at once");
    }

    /// <summary>
    /// Takes a mapping down, whole or in pieces: loop device, mount, server, folder. What was written is on the backing device when this
    /// returns. Does nothing where there is no such mapping; returns whether there was one.
    /// </summary>
    public static bool Close(string name)
    {
        var folder = new RuntimeFolder(name);
        if (!Directory.Exists(folder.Path))
            return false;
        var server = ServerProcess.Read(folder.ServerPid);
        foreach (var loop in LoopsOn(folder))
            loop.Detach();
        while (IsMounted(folder))
            Mounts.Unmount(folder.Volume, UnmountFlags.None);
        // The server ends by itself when its mount goes; only then are the last writes synced and the device free.
        if (server is { IsAlive: true })
            WaitForExit(server, name);
        folder.Remove();
        return true;
    }

    /// <summary>The mapping of that name as it is now, or null.</summary>
    public static MappingState? Find(string name)
    {
        var folder = new RuntimeFolder(name);
        if (!Directory.Exists(folder.Path))
            return null;
        var server = ServerProcess.Read(folder.ServerPid);
        var loop = LoopsOn(folder).FirstOrDefault();
        var mounted = IsMounted(folder);
        if (server is null && loop is null && !mounted)
        {
            // Left by an open that was killed before anything was there.
            return null;
        }
        return new MappingState(
            name,
            ReadDescription(folder),
            folder.Volume,
            loop?.Path,
            server is { IsAlive: true } ? server.Id : null,
            mounted,
            loop?.QueueLimit("discard_max_bytes") is > 0);
    }

    /// <summary>All mappings there are now.</summary>
    public static IReadOnlyList<MappingState> List() => RuntimeFolder.Names().Select(Find).OfType<MappingState>().ToArray();

    private static void Require(string device, string remedy)
    {
        if (FileStatus.TryOf(device) is null)
            throw SealdiskException.Lacking($"cannot open a fuse mapping: this system has no {device}", remedy);
    }

    private static IEnumerable<LoopDevice> LoopsOn(RuntimeFolder folder) =>
        LoopDevice.InUse().Where(loop => loop.BackingFile() is { } file && (file == folder.Volume || file == folder.Volume + " (deleted)"));

    private static bool IsMounted(RuntimeFolder folder) => Mounts.Read().Any(mount => mount.Target == folder.Volume);

    private static MappingDescription? ReadDescription(RuntimeFolder folder)
    {
        try
        {
            return MappingDescription.FromJson(File.ReadAllBytes(folder.Description));
        }
        catch (Exception problem) when (problem is IOException or System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static void WaitForExit(ServerProcess server, string name)
    {
        var waited = Stopwatch.StartNew();
        while (server.IsAlive)
        {
            if (waited.Elapsed > ServerExitLimit)
                throw SealdiskException.Failed(
                    $"cannot close mapping {name}: its server, process {server.Id}, is still writing after {ServerExitLimit.TotalSeconds} seconds",
                    "the backing device may be very slow or stuck; run the same command again later");
            Thread.Sleep(5);
        }
    }
}
