using System.Globalization;

namespace Sealdisk.Linux;

/// <summary>Block device ioctls (include/uapi/linux/fs.h) and what sysfs says of a disk.</summary>
public static class BlockDevice
{
    /// <summary>The device's size.</summary>
    public static unsafe ByteCount Size(FileDescriptor device)
    {
        ulong bytes;
        Check(device.Ioctl(BLKGETSIZE64, &bytes), "get the size of", device);
        return new ByteCount(checked((long)bytes));
    }

    /// <summary>The smallest unit that the device can address, in bytes.</summary>
    public static unsafe int LogicalSectorSize(FileDescriptor device)
    {
        int bytes;
        Check(device.Ioctl(BLKSSZGET, &bytes), "get the sector size of", device);
        return bytes;
    }

    /// <summary>The smallest unit that the device writes without reading first, in bytes.</summary>
    public static unsafe int PhysicalSectorSize(FileDescriptor device)
    {
        int bytes;
        Check(device.Ioctl(BLKPBSZGET, &bytes), "get the physical sector size of", device);
        return bytes;
    }

    /// <summary>Opens a block device and claims it: EBUSY if it is mounted, mapped or claimed already.</summary>
    public static FileDescriptor OpenExclusive(string path, OpenFlags flags) =>
        FileDescriptor.Open(path, (flags & ~OpenFlags.Create) | OpenFlags.Exclusive);

    /// <summary>
    /// For an image file: the physical sector size of the disk that its filesystem is on, from /sys/dev/block; 512 if that is unknown
    /// (tmpfs, overlayfs, network).
    /// </summary>
    public static int PhysicalSectorSizeUnder(string filePath)
    {
        var device = FileStatus.Of(filePath).Device;
        var disk = $"/sys/dev/block/{device}";
        return QueueLimit(disk) ?? QueueLimit($"{disk}/..") ?? 512; // a partition has its queue in its parent

        static int? QueueLimit(string directory) => ReadNumber($"{directory}/queue/physical_block_size") is { } bytes ? (int)bytes : null;
    }

    /// <summary>Tells the device that a range holds nothing of use any more. EOPNOTSUPP if it has no discards.</summary>
    public static unsafe void Discard(FileDescriptor device, ByteCount offset, ByteCount length)
    {
        var range = stackalloc ulong[] { (ulong)offset.Count, (ulong)length.Count };
        Check(device.Ioctl(BLKDISCARD, range), "discard a range of", device);
    }

    /// <summary>A number in a sysfs file; null if there is no such file.</summary>
    internal static long? ReadNumber(string path) =>
        KernelFile.TryRead(path) is { } text ? long.Parse(text.AsSpan().Trim(), CultureInfo.InvariantCulture) : null;

    private static void Check(int result, string operation, FileDescriptor device)
    {
        if (result < 0)
            throw LinuxException.Last(operation, device.Name);
    }

    private const uint BLKSSZGET = 0x1268, BLKDISCARD = 0x1277, BLKPBSZGET = 0x127B, BLKGETSIZE64 = 0x80081272;
}
