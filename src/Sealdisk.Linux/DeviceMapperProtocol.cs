using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>Numbers of the requests (include/uapi/linux/dm-ioctl.h): _IOWR(0xfd, command, struct dm_ioctl).</summary>
internal enum DmCommand : uint
{
    DM_VERSION = 0xC138FD00,
    DM_LIST_DEVICES = 0xC138FD02,
    DM_DEV_CREATE = 0xC138FD03,
    DM_DEV_REMOVE = 0xC138FD04,
    DM_DEV_SUSPEND = 0xC138FD06,
    DM_DEV_STATUS = 0xC138FD07,
    DM_TABLE_LOAD = 0xC138FD09,
    DM_TABLE_CLEAR = 0xC138FD0A,
    DM_TABLE_DEPS = 0xC138FD0B,
    DM_TABLE_STATUS = 0xC138FD0C,
    DM_LIST_VERSIONS = 0xC138FD0D,
    DM_TARGET_MSG = 0xC138FD0E,
    DM_GET_TARGET_VERSION = 0xC138FD11,
}

/// <summary>The flags of struct dm_ioctl.</summary>
[Flags]
internal enum DmFlags : uint
{
    None = 0,
    DM_READONLY = 1 << 0,
    DM_SUSPEND = 1 << 1,
    DM_STATUS_TABLE = 1 << 4,
    DM_ACTIVE_PRESENT = 1 << 5,
    DM_INACTIVE_PRESENT = 1 << 6,
    DM_BUFFER_FULL = 1 << 8,
    DM_SKIP_LOCKFS = 1 << 10,
    DM_NOFLUSH = 1 << 11,
    DM_QUERY_INACTIVE_TABLE = 1 << 12,
    DM_UEVENT_GENERATED = 1 << 13,
    DM_SECURE_DATA = 1 << 15,
    DM_DATA_OUT = 1 << 16,
    DM_DEFERRED_REMOVE = 1 << 17,
}

/// <summary>struct dm_ioctl: the head of every request and reply; what belongs to it follows at <see cref="DataStart"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DmIoctl
{
    public const int Size = 312;

    public uint VersionMajor, VersionMinor, VersionPatch;
    public uint DataSize;
    public uint DataStart;
    public uint TargetCount;
    public int OpenCount;
    public DmFlags Flags;
    public uint EventNumber;
    private readonly uint _padding;
    public ulong Device;
    public Bytes128 Name;
    public Bytes129 Uuid;
    private readonly Bytes7 _data;

    [InlineArray(128)]
    internal struct Bytes128
    {
        private byte _first;
    }

    [InlineArray(129)]
    internal struct Bytes129
    {
        private byte _first;
    }

    [InlineArray(7)]
    private struct Bytes7
    {
        private byte _first;
    }
}

/// <summary>struct dm_target_spec: a table line; its NUL-terminated parameters follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DmTargetSpec
{
    public const int Size = 40;

    public ulong SectorStart;
    public ulong Length;
    public int Status;

    /// <summary>Bytes to the next one: from this one in a table that is loaded, from the first one in a table that is read.</summary>
    public uint Next;

    public Bytes16 TargetType;

    [InlineArray(16)]
    internal struct Bytes16
    {
        private byte _first;
    }
}

/// <summary>struct dm_name_list, as far as its name, which follows NUL-terminated.</summary>
internal static class DmNameList
{
    public const int DeviceOffset = 0, NextOffset = 8, NameOffset = 12;
}

/// <summary>struct dm_target_versions, as far as its name, which follows NUL-terminated.</summary>
internal static class DmTargetVersions
{
    public const int NextOffset = 0, VersionOffset = 4, NameOffset = 16;
}

/// <summary>struct dm_target_deps: a count, then device numbers of 8 bytes.</summary>
internal static class DmTargetDeps
{
    public const int CountOffset = 0, DevicesOffset = 8;
}

/// <summary>struct dm_target_msg: a sector, then the NUL-terminated text.</summary>
internal static class DmTargetMessage
{
    public const int SectorOffset = 0, TextOffset = 8;
}

/// <summary>What a uevent's DM_COOKIE tells the udev rules.</summary>
internal static class DmUdev
{
    /// <summary>
    /// DM_UDEV_PRIMARY_SOURCE_FLAG in the upper half, no semaphore in the lower: the rules take the event for a real one, and nobody is
    /// told when they are through.
    /// </summary>
    public const uint PrimarySource = 0x40 << 16;
}
