using System.Diagnostics;

namespace Sealdisk.Linux;

/// <summary>
/// /dev/mapper/NAME. If udevd runs and has the device-mapper's rules, the node is udev's: a symbolic link to ../dm-N that appears and
/// disappears some time after the kernel's event, and that is waited for here with a limit. Otherwise, and if udev does not come, the
/// node is ours: a block device node for root alone.
/// </summary>
/// <remarks>
/// The event carries DM_UDEV_PRIMARY_SOURCE_FLAG without a semaphore, so the rules do all their work and notify no process. A semaphore
/// (the udev cookie of libdevmapper) would tell when the rules are through. It would cost System V IPC in the kernel, an IPC namespace
/// shared with udevd, and a hang if the rules that release it are missing. What a caller needs is the node, and that can be looked at.
/// </remarks>
public static class DmNode
{
    internal const string Folder = "/dev/mapper";

    private static readonly string[] RuleFolders =
    [
        "/etc/udev/rules.d",
        "/run/udev/rules.d",
        "/usr/local/lib/udev/rules.d",
        "/usr/lib/udev/rules.d",
        "/lib/udev/rules.d",
    ];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>/dev/mapper/NAME.</summary>
    public static string PathOf(DmName name) => $"{Folder}/{name}";

    /// <summary>Whether a udevd listens; libudev checks the same file.</summary>
    internal static bool UdevRuns => File.Exists("/run/udev/control");

    /// <summary>Makes sure that /dev/mapper/NAME exists and is this device; returns its path.</summary>
    /// <exception cref="LinuxException">EEXIST: something that is not a device node has the name.</exception>
    internal static string Settle(DmDevice device)
    {
        var path = PathOf(device.Name);
        if (UdevMakesNodes() && Wait(() => Is(path, device.Number)))
            return path;
        Make(path, device.Number);
        return path;
    }

    /// <summary>Makes sure that /dev/mapper/NAME no longer names a device that has gone.</summary>
    internal static void Remove(DmName name, DeviceNumber gone)
    {
        var path = PathOf(name);
        if (IsLink(path) && UdevMakesNodes() && Wait(() => !StandsFor(path, gone)))
            return;
        if (StandsFor(path, gone))
            DirectoryEntries.Unlink(path);
    }

    /// <summary>
    /// Removes our own node of a device that goes with its last user, so that it gets no new users. A link is left to udev.
    /// </summary>
    internal static void RemoveOwn(DmName name, DeviceNumber going)
    {
        var path = PathOf(name);
        if (!IsLink(path) && Is(path, going))
            DirectoryEntries.Unlink(path);
    }

    private static void Make(string path, DeviceNumber number)
    {
        DirectoryEntries.MakeBlockDevice(path, number);
        if (Is(path, number))
            return;
        // A node or link that is left over from an earlier mapping of this name is replaced; anything else is not ours to remove.
        if (FileStatus.TryOf(path) is { Kind: FileKind.BlockDevice } || IsDanglingLink(path))
            DirectoryEntries.Unlink(path);
        DirectoryEntries.MakeBlockDevice(path, number);
        if (!Is(path, number))
            throw new LinuxException(Errno.EEXIST, "make device node", path);
    }

    private static bool Is(string path, DeviceNumber number) =>
        FileStatus.TryOf(path) is { Kind: FileKind.BlockDevice } node && node.RawDevice == number;

    /// <summary>udev's link to a node that devtmpfs has removed dangles until udev removes it too.</summary>
    private static bool StandsFor(string path, DeviceNumber gone) => Is(path, gone) || IsDanglingLink(path);

    private static bool IsDanglingLink(string path) => FileStatus.TryOf(path) is null && IsLink(path);

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    /// <summary>
    /// Whether udevd has the device-mapper's rules (10-dm.rules, 55-dm.rules, which come with dmsetup). Without them it makes no node.
    /// </summary>
    private static bool UdevMakesNodes()
    {
        if (!UdevRuns)
            return false;
        foreach (var folder in RuleFolders)
        {
            if (Directory.Exists(folder) && Directory.GetFiles(folder, "??-dm.rules").Length > 0)
                return true;
        }
        return false;
    }

    private static bool Wait(Func<bool> condition)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            if (waited.Elapsed > Limit)
                return false;
            Thread.Sleep(5);
        }
        return true;
    }
}
