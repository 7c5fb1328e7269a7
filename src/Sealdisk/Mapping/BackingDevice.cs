using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>The block device under a dm mapping: the device itself, or a loop device over an image file.</summary>
internal sealed class BackingDevice : IDisposable
{
    private readonly FileDescriptor? _held;

    private BackingDevice(DeviceNumber device, FileDescriptor? held)
    {
        Device = device;
        _held = held;
    }

    internal DeviceNumber Device { get; }

    /// <summary>
    /// For an image file attaches a loop device that goes with its last user: with the mapping, or with this if no mapping came of it.
    /// </summary>
    internal static BackingDevice Of(MappingRequest request)
    {
        var status = FileStatus.Of(request.Device);
        if (status.Kind == FileKind.BlockDevice)
            return new BackingDevice(status.RawDevice, null);
        var held = LoopDevice.AttachHeld(request.Device, new LoopOptions(DirectIo: true, ReadOnly: request.ReadOnly));
        return new BackingDevice(held.Status().RawDevice, held);
    }

    /// <summary>
    /// What a person calls the device of that number: an image file if it is a loop device, else its node; null if the kernel knows
    /// neither.
    /// </summary>
    internal static string? PathOf(DeviceNumber device)
    {
        var folder = $"/sys/dev/block/{device}";
        if (device.Major == LoopDevice.Major && KernelFile.TryRead($"{folder}/loop/backing_file") is { } file)
        {
            const string deleted = " (deleted)\n";
            return file.EndsWith(deleted, StringComparison.Ordinal) ? file[..^deleted.Length] : file.TrimEnd('\n');
        }
        const string Name = "DEVNAME=";
        var properties = KernelFile.TryRead($"{folder}/uevent")?.Split('\n');
        return properties?.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal)) is { } named
            ? $"/dev/{named[Name.Length..]}"
            : string.Create(CultureInfo.InvariantCulture, $"device {device}");
    }

    public void Dispose() => _held?.Dispose();
}
