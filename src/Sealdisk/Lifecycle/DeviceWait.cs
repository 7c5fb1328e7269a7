using System.Diagnostics;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Waits for what comes late at boot: a volume's device, whose driver still looks for it or which another program is still at, or the
/// filesystem that its image or detached record is on. An image that <c>up</c> would make is not waited for.
/// </summary>
public static class DeviceWait
{
    private const string LookForDisks = "lsblk and dmesg show which disks there are";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Returns as soon as nothing is missing. Holds nothing meanwhile, so that others can use the volume's name and device.
    /// </summary>
    /// <param name="spec">The volume.</param>
    /// <param name="limit">How long.</param>
    /// <param name="since">Counts towards the limit: several volumes share one.</param>
    /// <param name="waiting">Told what is awaited, if anything is.</param>
    /// <exception cref="SealdiskException">It has not come within the limit (exit code 1); or this process could not bring it up anyway
    /// (5).</exception>
    public static void UntilThere(VolumeSpec spec, TimeSpan limit, Stopwatch since, Action<string> waiting)
    {
        Capabilities.RequireMounting($"bring up {spec.Name}");
        string? announced = null;
        while (Missing(spec) is { } missing)
        {
            if (since.Elapsed >= limit)
                throw SealdiskException.Failed(
                    $"cannot bring up {spec.Name}: waited {limit.TotalSeconds:0} s for {missing.What} ({missing.Errno})", missing.Remedy);
            if (announced != missing.What)
                waiting(announced = missing.What);
            Thread.Sleep(Pause);
        }
    }

    private sealed record Awaited(string What, Errno Errno, string Remedy);

    /// <summary>What is not there yet; null when all is there.</summary>
    private static Awaited? Missing(VolumeSpec spec)
    {
        var device = FileStatus.TryOf(spec.Device);
        var lateRecord = spec.RecordFile is { } record && FileStatus.TryOf(record) is null ? record : null;
        if ((device is null || lateRecord is not null) && UnreachableFile.Of(spec, Mounts.Read()) is var (_, mount))
            return new Awaited($"the filesystem of {lateRecord ?? spec.Device}", Errno.ENOENT, mount);
        if (device is null)
            return spec.Size is null ? new Awaited(spec.Device, Errno.ENOENT, LookForDisks) : null;
        if (device is not { Kind: FileKind.BlockDevice, RawDevice: var number })
            return null;
        if (!HasMedium(spec.Device))
            return new Awaited($"the medium of {spec.Device}", Errno.ENOMEDIUM, LookForDisks);
        return Mappings.List().All(mapping => !mapping.IsOf(spec.Device)) && DeviceUser.ProcessHolding(spec.Device, number) is { } process
            ? new Awaited($"{process} to let go of {spec.Device}", Errno.EBUSY, "see what it does there, or end it")
            : null;
    }

    /// <summary>A node may be there before its disk is: a card reader without a card, a driver that is still at it.</summary>
    private static bool HasMedium(string path)
    {
        try
        {
            using var device = FileDescriptor.Open(path, OpenFlags.Read);
            return BlockDevice.Size(device) > ByteCount.Zero;
        }
        catch (LinuxException absent) when (absent.Errno is Errno.ENXIO or Errno.ENOMEDIUM or Errno.ENODEV or Errno.ENOENT)
        {
            return false;
        }
    }
}
