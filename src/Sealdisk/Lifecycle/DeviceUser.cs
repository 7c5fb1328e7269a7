using Sealdisk.Linux;

namespace Sealdisk.Lifecycle;

/// <summary>Who else has a block device in use, in words.</summary>
internal static class DeviceUser
{
    /// <summary>Null if nothing keeps us from claiming it.</summary>
    internal static string? Of(string path, DeviceNumber device, IReadOnlyList<MountEntry> mounts)
    {
        if (mounts.FirstOrDefault(mount => mount.Device == device) is { } mount)
            return $"it is mounted on {mount.Target}";
        if (!IsClaimed(path))
            return null;
        if (BuiltOn(device) is { } upper)
            return $"{upper} is built on it";
        return Process(device) is { } process ? $"{process} has it open" : "the kernel has it in use (RAID, swap or a mount)";
    }

    /// <summary>
    /// A process that has claimed it, and will let go of it when it has ended; null if nothing has, or if it is not a process.
    /// </summary>
    internal static string? ProcessHolding(string path, DeviceNumber device) =>
        IsClaimed(path) && Mounts.Read().All(mount => mount.Device != device) && BuiltOn(device) is null ? Process(device) : null;

    /// <summary>Whether it is worth waiting for: a process has claimed it, or has just let go.</summary>
    internal static bool MayLetGo(string path, DeviceNumber device) =>
        Mounts.Read().All(mount => mount.Device != device) && BuiltOn(device) is null && (Process(device) is not null || !IsClaimed(path));

    private static bool IsClaimed(string path)
    {
        try
        {
            BlockDevice.OpenExclusive(path, OpenFlags.Read).Dispose();
            return false;
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EBUSY)
        {
            return true;
        }
    }

    /// <summary>What /sys/dev/block/N/holders shows.</summary>
    private static string? BuiltOn(DeviceNumber device)
    {
        var holders = $"/sys/dev/block/{device}/holders";
        if (!Directory.Exists(holders) || Directory.GetFileSystemEntries(holders) is not [var holder, ..])
            return null;
        return File.Exists($"{holder}/dm/name")
            ? $"device-mapper's {File.ReadAllText($"{holder}/dm/name").TrimEnd()}"
            : $"/dev/{Path.GetFileName(holder)}";
    }

    /// <summary>
    /// The kernel does not tell which of those that have it open is the one with the claim; there is hardly ever more than one.
    /// </summary>
    private static string? Process(DeviceNumber device)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                if (Directory.EnumerateFileSystemEntries($"{process}/fd").Any(IsOpen))
                    return $"{File.ReadAllText($"{process}/comm").TrimEnd()} (process {Path.GetFileName(process)})";
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or LinuxException)
            {
                // It has ended meanwhile, or is not for us to look at.
            }
        }
        return null;

        // Of other files nothing is asked: one on a filesystem that hangs would take us with it.
        bool IsOpen(string descriptor) => new FileInfo(descriptor).LinkTarget?.StartsWith("/dev/", StringComparison.Ordinal) == true
            && FileStatus.TryOf(descriptor) is { Kind: FileKind.BlockDevice } status && status.RawDevice == device;
    }
}
