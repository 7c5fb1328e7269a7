using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>Requests of the FUSE protocol, version 7 (include/uapi/linux/fuse.h).</summary>
internal enum FuseOpcode : uint
{
    Lookup = 1,
    Forget = 2,
    GetAttr = 3,
    SetAttr = 4,
    Open = 14,
    Read = 15,
    Write = 16,
    StatFs = 17,
    Release = 18,
    FSync = 20,
    Flush = 25,
    Init = 26,
    Access = 34,
    Interrupt = 36,
    Destroy = 38,
    Ioctl = 39,
    NotifyReply = 41,
    BatchForget = 42,
    FAllocate = 43,
    SyncFs = 50,
}

/// <summary>FUSE_INIT flags that are used here.</summary>
[Flags]
internal enum FuseInitFlags : uint
{
    AsyncRead = 1 << 0,
    BigWrites = 1 << 5,
    AsyncDirectIo = 1 << 15,
    MaxPages = 1 << 22,
}

/// <summary>FUSE_OPEN answer flags.</summary>
[Flags]
internal enum FuseOpenFlags : uint
{
    DirectIo = 1 << 0,
    ParallelDirectWrites = 1 << 6,
}

/// <summary>Which fields a SETATTR wants to set.</summary>
[Flags]
internal enum FuseSetAttrValid : uint
{
    None = 0,
    Mode = 1 << 0,
    Uid = 1 << 1,
    Gid = 1 << 2,
    Size = 1 << 3,
}

/// <summary>Modes of FALLOCATE, those of fallocate(2).</summary>
[Flags]
internal enum FallocateMode : uint
{
    KeepSize = 1,
    PunchHole = 2,
    ZeroRange = 0x10,
}

/// <summary>
/// In front of every request; 40 bytes. The last word is padding before 7.38, and extension lengths after it, which we never negotiate.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInHeader
{
    public uint Length;
    public FuseOpcode Opcode;
    public ulong Unique, NodeId;
    public uint Uid, Gid, Pid, Padding;
}

/// <summary>In front of every answer; 16 bytes. Error is 0 or a negative error number.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseOutHeader
{
    public uint Length;
    public int Error;
    public ulong Unique;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseInitIn
{
    public uint Major, Minor, MaxReadahead;
    public FuseInitFlags Flags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseInitOut
{
    public uint Major, Minor, MaxReadahead;
    public FuseInitFlags Flags;
    public ushort MaxBackground, CongestionThreshold;
    public uint MaxWrite, TimeGranularity;
    public ushort MaxPages, MapAlignment;
    public uint Flags2, Unused0, Unused1, Unused2, Unused3, Unused4, Unused5, Unused6;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseAttr
{
    public ulong Inode, Size, Blocks, AccessTime, ModifyTime, ChangeTime;
    public uint AccessNanoseconds, ModifyNanoseconds, ChangeNanoseconds, Mode, Links, Uid, Gid, RawDevice, BlockSize, Flags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseAttrOut
{
    public ulong ValidSeconds;
    public uint ValidNanoseconds, Padding;
    public FuseAttr Attr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseSetAttrIn
{
    public FuseSetAttrValid Valid;
    public uint Padding;
    public ulong Handle, Size, LockOwner, AccessTime, ModifyTime, ChangeTime;
    public uint AccessNanoseconds, ModifyNanoseconds, ChangeNanoseconds, Mode, Unused4, Uid, Gid, Unused5;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseOpenOut
{
    public ulong Handle;
    public FuseOpenFlags Flags;
    public uint Padding;
}

/// <summary>The body of READ and, in front of the data, of WRITE: both have these 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseTransferIn
{
    public ulong Handle, Offset;
    public uint Size, TransferFlags;
    public ulong LockOwner;
    public uint Flags, Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseWriteOut
{
    public uint Size, Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseFallocateIn
{
    public ulong Handle, Offset, Length;
    public FallocateMode Mode;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FuseStatFsOut
{
    public ulong Blocks, BlocksFree, BlocksAvailable, Files, FilesFree;
    public uint BlockSize, NameLength, FragmentSize, Padding, Spare0, Spare1, Spare2, Spare3, Spare4, Spare5;
}
