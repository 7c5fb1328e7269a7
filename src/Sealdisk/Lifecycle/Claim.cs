using System.Diagnostics;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Lifecycle;

/// <summary>
/// While it is held, no other process can mount a volume's block device, map it or claim it otherwise: no automounter gets between our
/// look at the device and our writes to it. The mapping asks for the same claim, so this one is given up just before. An image file has
/// none.
/// </summary>
internal sealed class Claim(VolumeSpec spec) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private FileDescriptor? _held;

    /// <summary>Whether the device is ours alone.</summary>
    internal bool IsHeld => _held is not null;

    /// <summary>
    /// Claims the device, unless it is no block device or another program has it. One who looks in, as mdadm and lvm do at each new disk,
    /// is waited for, five seconds at most; a mount or a mapping is not.
    /// </summary>
    internal void TryTake()
    {
        if (IsHeld || FileStatus.TryOf(spec.Device) is not { Kind: FileKind.BlockDevice, RawDevice: var device })
            return;
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                // Not for writing: udev probes a device that a writer has closed.
                _held = BlockDevice.OpenExclusive(spec.Device, OpenFlags.Read);
                return;
            }
            catch (LinuxException problem) when (problem.Errno == Errno.EBUSY)
            {
                // Who it is, the observer finds out.
                if (waited.Elapsed > Limit || !IsWorthWaiting(device))
                    return;
            }
            Thread.Sleep(Pause);
        }
    }

    /// <summary>Claims the device again, once the mapping that had it has gone.</summary>
    /// <exception cref="SealdiskException">Another program was quicker.</exception>
    internal void TakeBack()
    {
        TryTake();
        if (!IsHeld && FileStatus.TryOf(spec.Device) is { Kind: FileKind.BlockDevice } status)
            throw InUse(DeviceUser.Of(spec.Device, status.RawDevice, Mounts.Read()) ?? "another program has just used it");
    }

    private SealdiskException InUse(string user) =>
        SealdiskException.Failed($"cannot use {spec.Device}: {user} (EBUSY)", "release it first");

    private bool IsWorthWaiting(DeviceNumber device) =>
        Mappings.List().All(mapping => !mapping.IsOf(spec.Device)) && DeviceUser.MayLetGo(spec.Device, device);

    /// <summary>Lets the mapping have the device.</summary>
    internal void Release()
    {
        _held?.Dispose();
        _held = null;
    }

    public void Dispose() => Release();
}
