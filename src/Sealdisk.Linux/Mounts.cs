using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>mount(2) flags (include/uapi/linux/mount.h).</summary>
[Flags]
public enum MountFlags : uint
{
    None = 0,
    ReadOnly = 1,
    NoSetUserId = 1 << 1,
    NoDevices = 1 << 2,
    NoExecute = 1 << 3,
    Synchronous = 1 << 4,
    Remount = 1 << 5,
    DirectorySync = 1 << 7,
    NoSymbolicFollow = 1 << 8,
    NoAccessTime = 1 << 10,
    NoDirectoryAccessTime = 1 << 11,
    Bind = 1 << 12,
    Move = 1 << 13,
    Recursive = 1 << 14,
    Silent = 1 << 15,
    Private = 1 << 18,
    Slave = 1 << 19,
    RelativeAccessTime = 1 << 21,
    StrictAccessTime = 1 << 24,
    LazyTime = 1 << 25,
}

/// <summary>umount2(2) flags.</summary>
[Flags]
public enum UnmountFlags
{
    None = 0,
    Force = 1,

    /// <summary>Leaves the tree at once, and ends when its last user has gone.</summary>
    Detach = 2,
    Expire = 4,
    NoFollow = 8,
}

/// <summary>Mounts of this process's mount namespace.</summary>
public static partial class Mounts
{
    /// <summary>mount(2). <paramref name="data"/> is the filesystem's own option text.</summary>
    public static void Mount(string source, string target, string type, MountFlags flags, string? data)
    {
        if (mount(source, target, type, (nuint)flags, data) != 0)
            throw LinuxException.Last($"mount {source} on", target);
    }

    /// <summary>umount2(2) of what is mounted on top at <paramref name="target"/>.</summary>
    public static void Unmount(string target, UnmountFlags flags)
    {
        if (umount2(target, (int)flags) != 0)
            throw LinuxException.Last("unmount", target);
    }

    /// <summary>All mounts, in the kernel's order: of several on one target, the last one is on top.</summary>
    public static IReadOnlyList<MountEntry> Read()
    {
        var entries = new List<MountEntry>();
        const string path = "/proc/self/mountinfo";
        var list = KernelFile.TryRead(path) ?? throw new LinuxException(Errno.ENOENT, "read", path);
        foreach (var line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            entries.Add(MountEntry.Parse(line));
        return entries;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string? data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
