using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>What a directory entry is, in the values of S_IFMT.</summary>
public enum FileKind
{
    Unknown = 0,
    Pipe = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}

/// <summary>A device number, written "major:minor" as in /sys/dev/block.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <summary>The C library's 64-bit dev_t.</summary>
    internal ulong Encoded => ((Major & 0xFFFul) << 8) | ((Major & ~0xFFFul) << 32) | (Minor & 0xFFul) | ((Minor & ~0xFFul) << 12);

    /// <summary>From a 64-bit dev_t, which is also what the loop driver reports.</summary>
    public static DeviceNumber Decode(ulong device) =>
        new((uint)(((device >> 8) & 0xFFF) | ((device >> 32) & ~0xFFFul)), (uint)((device & 0xFF) | ((device >> 12) & 0xFFFFFF00)));

    /// <inheritdoc/>
    public override string ToString() => $"{Major}:{Minor}";
}

/// <summary>What statx(2) reports of a file. Unlike stat(2) it has the same layout on every architecture.</summary>
/// <param name="Kind">File, directory, device, ...</param>
/// <param name="Size">Bytes; 0 for a device.</param>
/// <param name="Mode">Permission bits, with set-id and sticky bits (07777).</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Device">The device that the filesystem is on.</param>
/// <param name="RawDevice">The device that this node stands for, if it is a device node.</param>
/// <param name="Inode">Number within the filesystem.</param>
/// <param name="BlockSize">Preferred I/O size in bytes.</param>
[StructLayout(LayoutKind.Auto)]
public readonly partial record struct FileStatus(
    FileKind Kind, long Size, int Mode, uint Uid, uint Gid, DeviceNumber Device, DeviceNumber RawDevice, ulong Inode, int BlockSize)
{
    /// <summary>The file at a path, symbolic links followed; null if there is none (ENOENT, ENOTDIR).</summary>
    public static unsafe FileStatus? TryOf(string path)
    {
        Statx status;
        // SAFETY: the kernel fills the 256 bytes of struct statx, which Statx has.
        if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &status) == 0)
            return status.ToFileStatus();
        return ErrnoExtensions.Last() is Errno.ENOENT or Errno.ENOTDIR ? null : throw LinuxException.Last("look at", path);
    }

    /// <summary>The file at a path, which must exist; symbolic links are followed.</summary>
    public static FileStatus Of(string path) => TryOf(path) ?? throw new LinuxException(Errno.ENOENT, "look at", path);

    /// <summary>Whether both are the same file, or nodes of the same device; false if the other does not exist.</summary>
    public bool IsSamePlace(FileStatus? other)
    {
        if (other is not { } there || there.Kind != Kind)
            return false;
        return Kind is FileKind.BlockDevice or FileKind.CharacterDevice
            ? there.RawDevice == RawDevice
            : there.Device == Device && there.Inode == Inode;
    }

    internal static unsafe FileStatus Of(FileDescriptor file)
    {
        Statx status;
        var added = false;
        try
        {
            file.DangerousAddRef(ref added);
            // SAFETY: as above; the descriptor stays open across the call.
            if (statx(file.Number, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) != 0)
                throw LinuxException.Last("look at", file.Name);
        }
        finally
        {
            if (added)
                file.DangerousRelease();
        }
        return status.ToFileStatus();
    }

    private const int AT_FDCWD = -100, AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7FF;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, Statx* status);

    /// <summary>struct statx of include/uapi/linux/stat.h, as far as it is used.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct Statx
    {
        [FieldOffset(4)] public uint BlockSize;
        [FieldOffset(20)] public uint Uid;
        [FieldOffset(24)] public uint Gid;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(128)] public uint RawMajor;
        [FieldOffset(132)] public uint RawMinor;
        [FieldOffset(136)] public uint Major;
        [FieldOffset(140)] public uint Minor;

        public readonly FileStatus ToFileStatus() => new(
            (FileKind)(Mode & 0xF000),
            (long)Size,
            Mode & Permissions.Mode7777,
            Uid,
            Gid,
            new DeviceNumber(Major, Minor),
            new DeviceNumber(RawMajor, RawMinor),
            Inode,
            (int)BlockSize);
    }
}
