using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sealdisk.Tests.Volumes.Records;

/// <summary>
/// A file in memory that the kernel keeps from growing or from being written at all, for root too: memfd_create(2) and its seals.
/// </summary>
internal sealed class SealedMemory : IDisposable
{
    public const int NoGrowth = 4;
    public const int NoWriting = 8;

    private const uint AllowSealing = 2;
    private const int AddSeals = 1033;

    private readonly SafeFileHandle _file;

    public SealedMemory(ReadOnlySpan<byte> content, int seal)
    {
        _file = new SafeFileHandle(memfd_create("record"u8.ToArray(), AllowSealing), ownsHandle: true);
        Assert.False(_file.IsInvalid);
        RandomAccess.Write(_file, content, 0);
        Assert.Equal(0, fcntl(_file, AddSeals, seal));
    }

    public string Path => $"/proc/self/fd/{_file.DangerousGetHandle()}";

    public void Dispose() => _file.Dispose();

#pragma warning disable SYSLIB1054, CA5392 // LibraryImport needs unsafe code, which this project does without
    [DllImport("libc", SetLastError = true)]
    private static extern int memfd_create(byte[] name, uint flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fcntl(SafeFileHandle file, int command, int argument);
#pragma warning restore SYSLIB1054, CA5392
}
