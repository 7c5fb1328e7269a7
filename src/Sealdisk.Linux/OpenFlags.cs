using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>open(2) flags with values of our own, as the kernel's differ per architecture. O_CLOEXEC is always added.</summary>
[Flags]
public enum OpenFlags
{
    /// <summary>O_RDONLY.</summary>
    Read = 0,

    /// <summary>O_WRONLY.</summary>
    Write = 1,

    /// <summary>O_RDWR.</summary>
    ReadWrite = 2,

    /// <summary>O_CREAT.</summary>
    Create = 1 << 2,

    /// <summary>O_EXCL: with Create, the file must be new; a block device must not be claimed already.</summary>
    Exclusive = 1 << 3,

    /// <summary>O_TRUNC.</summary>
    Truncate = 1 << 4,

    /// <summary>O_APPEND.</summary>
    Append = 1 << 5,

    /// <summary>O_NONBLOCK.</summary>
    NonBlocking = 1 << 6,

    /// <summary>O_DSYNC.</summary>
    DataSync = 1 << 7,

    /// <summary>O_DIRECT.</summary>
    Direct = 1 << 8,

    /// <summary>O_DIRECTORY.</summary>
    Directory = 1 << 9,

    /// <summary>O_NOFOLLOW.</summary>
    NoFollow = 1 << 10,

    /// <summary>O_PATH.</summary>
    Path = 1 << 11,

    /// <summary>O_NOCTTY.</summary>
    NoControllingTerminal = 1 << 12,
}

/// <summary>The kernel's values: asm-generic/fcntl.h, and arch/arm64/include/uapi/asm/fcntl.h for the four that differ.</summary>
internal static class OpenFlagsExtensions
{
    private const int O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_TRUNC = 0x200, O_APPEND = 0x400, O_NONBLOCK = 0x800;
    private const int O_DSYNC = 0x1000, O_CLOEXEC = 0x80000, O_PATH = 0x200000;

    public static int ToKernel(this OpenFlags flags) => ToKernel(flags, RuntimeInformation.ProcessArchitecture);

    public static int ToKernel(this OpenFlags flags, Architecture architecture)
    {
        var (direct, directory, noFollow) = architecture switch
        {
            Architecture.X64 => (0x4000, 0x10000, 0x20000),
            Architecture.Arm64 => (0x10000, 0x4000, 0x8000),
            _ => throw new PlatformNotSupportedException($"cannot open files on {architecture}: its open(2) flags are not known"),
        };
        return (int)(flags & (OpenFlags.Write | OpenFlags.ReadWrite))
            | O_CLOEXEC
            | Of(OpenFlags.Create, O_CREAT)
            | Of(OpenFlags.Exclusive, O_EXCL)
            | Of(OpenFlags.Truncate, O_TRUNC)
            | Of(OpenFlags.Append, O_APPEND)
            | Of(OpenFlags.NonBlocking, O_NONBLOCK)
            | Of(OpenFlags.DataSync, O_DSYNC)
            | Of(OpenFlags.Direct, direct)
            | Of(OpenFlags.Directory, directory)
            | Of(OpenFlags.NoFollow, noFollow)
            | Of(OpenFlags.Path, O_PATH)
            | Of(OpenFlags.NoControllingTerminal, O_NOCTTY);

        int Of(OpenFlags flag, int kernel) => flags.HasFlag(flag) ? kernel : 0;
    }
}
