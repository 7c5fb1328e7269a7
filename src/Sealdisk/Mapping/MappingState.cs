using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Mapping;

/// <summary>A mapping that is there now, whole or in pieces.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Who decrypts: dm or fuse.</param>
/// <param name="BlockPath">The decrypted block device, /dev/mapper/NAME or /dev/loopN; null if there is none.</param>
public sealed record MappingState(string Name, MappingKind Kind, string? BlockPath)
{
    /// <summary>The device or image file under it; null if that is not known any more.</summary>
    public string? Device { get; init; }

    /// <summary>dm only: that device's number, a loop device's if it is an image file.</summary>
    internal DeviceNumber? Number { get; init; }

    /// <summary>dm-crypt's cipher specification; null if unknown.</summary>
    public string? Cipher { get; init; }

    /// <summary>Bytes; null if unknown.</summary>
    public int? KeySize { get; init; }

    /// <summary>Bytes that are encrypted as one; null if unknown.</summary>
    public int? SectorSize { get; init; }

    /// <summary>Tells volumes apart: the last 16 bytes of the sealed key it was opened with, as hex text; null if there was none.</summary>
    public string? SealedKeyId { get; init; }

    /// <summary>fuse only: the decrypted volume as a file, /run/sealdisk/NAME/volume.</summary>
    public string? VolumePath { get; init; }

    /// <summary>fuse only: process number of the data-path server; null if it has died.</summary>
    public int? Server { get; init; }

    /// <summary>Whether discards reach the device.</summary>
    public bool PassesDiscards { get; init; }

    /// <summary>fuse only: the last error that the server has met, or null.</summary>
    public string? LastError { get; init; }

    /// <summary>What is wrong with it, or null.</summary>
    public string? Problem { get; init; }

    /// <summary>True when reads and writes are served.</summary>
    public bool IsWhole => Problem is null;

    /// <summary>Whether it decrypts that device or image file, under whatever name.</summary>
    public bool IsOf(string device)
    {
        if (Device == device)
            return true;
        if (FileStatus.TryOf(device) is not { } status)
            return false;
        return (Device is not null && status.IsSamePlace(FileStatus.TryOf(Device)))
            || (status.Kind == FileKind.BlockDevice && status.RawDevice == Number);
    }

    /// <summary>
    /// True if that mount is one of its filesystem. No block device has the major number 0, which most of what is mounted has.
    /// </summary>
    internal bool Mounted(MountEntry mount)
    {
        if (BlockPath is null)
            return false;
        return mount.Source == BlockPath
            || (mount.Device.Major != 0
                && FileStatus.TryOf(BlockPath) is { Kind: FileKind.BlockDevice } block
                && mount.Device == block.RawDevice);
    }

    /// <summary>Short, since the text that a record makes of all its members stays in the binary whether it is used or not.</summary>
    public override string ToString() => Name;
}
