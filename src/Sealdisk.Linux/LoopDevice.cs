using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>How a loop device shows its backing file.</summary>
/// <param name="BlockSize">Logical block size in bytes: 512, 1024, 2048 or 4096.</param>
/// <param name="DirectIo">
/// Past the backing file's page cache. Stays off, without an error, if the file cannot do that; see <see cref="LoopStatus"/>.
/// </param>
/// <param name="ReadOnly">Refuse writes.</param>
/// <param name="Offset">How much of the file to leave out in front.</param>
/// <param name="SizeLimit">How much of the file to show; zero for all.</param>
public sealed record LoopOptions(
    int BlockSize = 512, bool DirectIo = false, bool ReadOnly = false, ByteCount Offset = default, ByteCount SizeLimit = default);

/// <summary>What the driver reports of a loop device in use (LOOP_GET_STATUS64).</summary>
/// <param name="BackingDevice">Device of the filesystem that holds the backing file.</param>
/// <param name="BackingInode">The backing file's number in it.</param>
/// <param name="Offset">How much is left out in front.</param>
/// <param name="SizeLimit">How much is shown; zero for all.</param>
/// <param name="ReadOnly">Whether writes are refused.</param>
/// <param name="DirectIo">Whether direct I/O is really on.</param>
/// <param name="Autoclear">Whether it goes away with its last user.</param>
internal sealed record LoopStatus(
    DeviceNumber BackingDevice, ulong BackingInode, ByteCount Offset, ByteCount SizeLimit, bool ReadOnly, bool DirectIo, bool Autoclear);

/// <summary>
/// A loop device: a file shown as a block device (drivers/block/loop.c, loop(4)). It outlives the process, until detached.
/// </summary>
public sealed class LoopDevice
{
    private static readonly TimeSpan DetachLimit = TimeSpan.FromSeconds(10);

    private LoopDevice(int number) => Number = number;

    /// <summary>LOOP_MAJOR: the major number of every loop device.</summary>
    public const uint Major = 7;

    /// <summary>N of /dev/loopN.</summary>
    public int Number { get; }

    /// <summary>/dev/loopN.</summary>
    public string Path => $"/dev/loop{Number}";

    /// <summary>Makes the first free loop device show a file. Needs Linux 5.8 (LOOP_CONFIGURE).</summary>
    public static LoopDevice Attach(string backingFile, LoopOptions options)
    {
        var (loop, held) = Attach(backingFile, options, flags: 0);
        held.Dispose();
        return loop;
    }

    /// <summary>
    /// The same for a device that goes away with its last user (LO_FLAGS_AUTOCLEAR). The caller owns the descriptor and keeps it until
    /// another user has the device open.
    /// </summary>
    public static FileDescriptor AttachHeld(string backingFile, LoopOptions options) =>
        Attach(backingFile, options, LO_FLAGS_AUTOCLEAR).Held;

    private static (LoopDevice Loop, FileDescriptor Held) Attach(string backingFile, LoopOptions options, uint flags)
    {
        using var backing = FileDescriptor.Open(backingFile, options.ReadOnly ? OpenFlags.Read : OpenFlags.ReadWrite);
        _ = backing.Status(); // the kernel learns the size of a FUSE file only by asking, and the driver does not ask
        using var control = FileDescriptor.Open("/dev/loop-control", OpenFlags.ReadWrite);
        while (true)
        {
            var number = control.Ioctl(LOOP_CTL_GET_FREE, (nuint)0);
            if (number < 0)
                throw LinuxException.Last("find a free loop device for", backingFile);
            var loop = new LoopDevice(number);
            DirectoryEntries.MakeBlockDevice(loop.Path, new DeviceNumber(Major, (uint)number)); // without udev or devtmpfs there is none
            if (loop.Configure(backing, options, flags) is { } held)
                return (loop, held);
        }
    }

    /// <summary>The loop devices that show a file, found by device and inode, so under any of its names.</summary>
    public static IReadOnlyList<LoopDevice> BackedBy(string backingFile)
    {
        if (FileStatus.TryOf(backingFile) is not { } file)
            return [];
        var found = new List<LoopDevice>();
        foreach (var loop in InUse())
        {
            if (loop.Status() is { } status && status.BackingInode == file.Inode && status.BackingDevice == file.Device)
                found.Add(loop);
        }
        return found;
    }

    /// <summary>The loop devices that show a file now, lowest number first.</summary>
    public static IReadOnlyList<LoopDevice> InUse() => All().FindAll(loop => Directory.Exists($"/sys/block/loop{loop.Number}/loop"));

    /// <summary>The loop devices that show a file of that path, deleted or not, lowest number first.</summary>
    public static IReadOnlyList<LoopDevice> Showing(string backingFile) =>
        All().FindAll(loop => loop.BackingFile() is { } file && (file == backingFile || file == backingFile + " (deleted)"));

    /// <summary>All loop devices, in use or not.</summary>
    private static List<LoopDevice> All()
    {
        var numbers = new List<int>();
        foreach (var name in DirectoryEntries.Names("/sys/block"))
        {
            if (!name.StartsWith("loop", StringComparison.Ordinal))
                continue;
            if (int.TryParse(name.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
        }
        numbers.Sort();
        return numbers.ConvertAll(number => new LoopDevice(number));
    }

    /// <summary>What it shows; null if it shows nothing.</summary>
    internal unsafe LoopStatus? Status()
    {
        using var device = FileDescriptor.Open(Path, OpenFlags.Read);
        LoopInfo64 info;
        // SAFETY: the kernel fills the 232 bytes of struct loop_info64.
        if (device.Ioctl(LOOP_GET_STATUS64, &info) < 0)
            return ErrnoExtensions.Last() == Errno.ENXIO ? null : throw LinuxException.Last("get the status of", Path);
        return new LoopStatus(
            DeviceNumber.Decode(info.Device), info.Inode, new ByteCount((long)info.Offset), new ByteCount((long)info.SizeLimit),
            (info.Flags & LO_FLAGS_READ_ONLY) != 0, (info.Flags & LO_FLAGS_DIRECT_IO) != 0, (info.Flags & LO_FLAGS_AUTOCLEAR) != 0);
    }

    /// <summary>
    /// The backing file's path as the kernel knows it; null if it shows nothing. The path of a deleted file ends in " (deleted)".
    /// </summary>
    public string? BackingFile() => KernelFile.TryRead($"/sys/block/loop{Number}/loop/backing_file")?.TrimEnd('\n');

    /// <summary>A number of /sys/block/loopN/queue, such as "write_zeroes_max_bytes"; null if the kernel has no such limit.</summary>
    public long? QueueLimit(string name) => BlockDevice.ReadNumber($"/sys/block/loop{Number}/queue/{name}");

    /// <summary>
    /// Makes the driver stop sending write-zeroes to the backing file, so that every fallocate with PUNCH_HOLE that it sends afterwards
    /// is a discard. Zeroes the first logical block on the way: meant for a backing file that refuses ZERO_RANGE with EOPNOTSUPP and
    /// drops those zeros. True if the driver has stopped (Linux 6.10 and later: "loop: Disable fallocate() zero and discard if not
    /// supported", 5f75e081ab5c).
    /// </summary>
    /// <remarks>Holds until the device is reconfigured (LOOP_SET_BLOCK_SIZE and the like), which only root can do.</remarks>
    public bool StopWriteZeroes()
    {
        using (var device = FileDescriptor.Open(Path, OpenFlags.ReadWrite))
            device.ZeroRange(0, BlockDevice.LogicalSectorSize(device));
        return QueueLimit("write_zeroes_max_bytes") == 0;
    }

    /// <summary>
    /// Detaches the file and waits until that has happened: the driver puts it off while anything, such as a probe of udev's, has the
    /// device open. EBUSY if it is still in use after ten seconds; it then goes with its last user.
    /// </summary>
    /// <param name="wait">False: it may go later, with its last user; for a backing file that no longer answers.</param>
    public void Detach(bool wait = true)
    {
        using (var device = FileDescriptor.Open(Path, OpenFlags.Read))
        {
            if (device.Ioctl(LOOP_CLR_FD, (nuint)0) < 0)
            {
                if (ErrnoExtensions.Last() == Errno.ENXIO)
                    return;
                throw LinuxException.Last("detach", Path);
            }
        }
        var waited = Stopwatch.StartNew();
        while (wait && BackingFile() is not null)
        {
            if (waited.Elapsed > DetachLimit)
                throw new LinuxException(Errno.EBUSY, "detach", Path);
            Thread.Sleep(5);
        }
    }

    /// <summary>The device, open; null if another process has taken it since we found it free.</summary>
    private unsafe FileDescriptor? Configure(FileDescriptor backing, LoopOptions options, uint flags)
    {
        var device = FileDescriptor.Open(Path, options.ReadOnly ? OpenFlags.Read : OpenFlags.ReadWrite);
        var config = new LoopConfig
        {
            Fd = (uint)backing.Number,
            BlockSize = (uint)options.BlockSize,
            Info = new LoopInfo64
            {
                Offset = (ulong)options.Offset.Count,
                SizeLimit = (ulong)options.SizeLimit.Count,
                Flags = flags | (options.ReadOnly ? LO_FLAGS_READ_ONLY : 0) | (options.DirectIo ? LO_FLAGS_DIRECT_IO : 0),
            },
        };
        // The name is for people (losetup); the kernel keeps 63 bytes of it.
        Span<byte> name = config.Info.FileName;
        System.Text.Encoding.UTF8.TryGetBytes(backing.Name, name[..63], out _);
        // SAFETY: the kernel reads the 304 bytes of struct loop_config.
        if (device.Ioctl(LOOP_CONFIGURE, &config) == 0)
            return device;
        var problem = LinuxException.Last($"attach {Path} to", backing.Name);
        device.Dispose();
        return problem.Errno == Errno.EBUSY ? null : throw problem;
    }

    private const uint LOOP_CLR_FD = 0x4C01, LOOP_GET_STATUS64 = 0x4C05, LOOP_CONFIGURE = 0x4C0A, LOOP_CTL_GET_FREE = 0x4C82;
    private const uint LO_FLAGS_READ_ONLY = 1, LO_FLAGS_AUTOCLEAR = 4, LO_FLAGS_DIRECT_IO = 16;

    /// <summary>struct loop_info64 of include/uapi/linux/loop.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LoopInfo64
    {
        public ulong Device, Inode, RawDevice, Offset, SizeLimit;
        public uint Number, EncryptType, EncryptKeySize, Flags;
        public Bytes64 FileName;
        public Bytes64 CryptName;
        public Bytes32 EncryptKey;
        public ulong Init0, Init1;
    }

    /// <summary>struct loop_config.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LoopConfig
    {
        public uint Fd, BlockSize;
        public LoopInfo64 Info;
        private readonly Bytes64 _reserved;
    }

    [InlineArray(64)]
    internal struct Bytes64
    {
        private byte _first;
    }

    [InlineArray(32)]
    internal struct Bytes32
    {
        private byte _first;
    }
}
