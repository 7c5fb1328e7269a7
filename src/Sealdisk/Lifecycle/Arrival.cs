using System.Diagnostics;
using Sealdisk.Configuration;
using Sealdisk.Linux;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Waits for what comes late at boot: a volume's device, whose driver still looks for it, or the filesystem that its image or detached record is on. An image that
/// <c>up</c> would make is not waited for.
/// </summary>
public static class Arrival
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns as soon as nothing is missing. Holds nothing meanwhile, so that others can use the volume's name and device.</summary>
    /// <param name="spec">The volume.</param>
    /// <param name="limit">How long.</param>
    /// <param name="since">Counts towards the limit: several volumes share one.</param>
    /// <param name="waiting">Told once what is awaited, if anything is.</param>
    /// <exception cref="SealdiskException">It has not come within the limit (exit code 1).</exception>
    public static void Await(VolumeSpec spec, TimeSpan limit, Stopwatch since, Action<string> waiting)
    {
        string? announced = null;
        while (Missing(spec) is var (missing, remedy))
        {
            if (since.Elapsed >= limit)
                throw SealdiskException.Failed(
                    $"cannot bring up {spec.Name}: {missing} has not come within {limit.TotalSeconds:0} s (ENOENT)", remedy);
            if (announced != missing)
                waiting(announced = missing);
            Thread.Sleep(Pause);
        }
    }

    /// <summary>What is not there yet, and what a person can do; null when all is there.</summary>
    private static (string What, string Remedy)? Missing(VolumeSpec spec)
    {
        var device = FileStatus.TryOf(spec.Device);
        var lateRecord = spec.RecordFile is { } record && FileStatus.TryOf(record) is null ? record : null;
        if ((device is null || lateRecord is not null) && OutOfReach.Of(spec, Mounts.Read()) is var (_, mount))
            return ($"the filesystem of {lateRecord ?? spec.Device}", mount);
        const string remedy = "lsblk and dmesg show which disks there are";
        if (device is null)
            return spec.Size is null ? (spec.Device, remedy) : null;
        return device is { Kind: FileKind.BlockDevice } && !HasMedium(spec.Device) ? ($"the medium of {spec.Device}", remedy) : null;
    }

    /// <summary>A node may be there before its disk is: a card reader without a card, a driver that is still at it.</summary>
    private static bool HasMedium(string path)
    {
        try
        {
            using var device = FileDescriptor.Open(path, OpenFlags.Read);
            return BlockDevice.Size(device) > 0;
        }
        catch (LinuxException absent) when (absent.Errno is Errno.ENXIO or Errno.ENOMEDIUM or Errno.ENODEV or Errno.ENOENT)
        {
            return false;
        }
    }
}
