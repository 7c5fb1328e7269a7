using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>An open file. Every failure is a <see cref="LinuxException"/> that names the path it was opened by.</summary>
public sealed partial class FileDescriptor : SafeHandle
{
    /// <summary>Wraps a descriptor.</summary>
    /// <param name="fd">The number.</param>
    /// <param name="name">Its name in errors.</param>
    /// <param name="isOwned">Whether closing this object closes it.</param>
    internal FileDescriptor(int fd, string name, bool isOwned = true) : base(-1, isOwned)
    {
        SetHandle(fd);
        Name = name;
    }

    /// <summary>The path it was opened by.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>The number, for a mount option or a child process; valid as long as this object is.</summary>
    internal int Number => (int)handle;

    /// <summary>Opens a path. <paramref name="mode"/> holds the permission bits of a file that is created.</summary>
    public static FileDescriptor Open(string path, OpenFlags flags, int mode = Permissions.Mode0644)
    {
        while (true)
        {
            var fd = open(path, flags.ToKernel(), mode);
            if (fd >= 0)
                return new FileDescriptor(fd, path);
            if (ErrnoExtensions.Last() != Errno.EINTR)
                throw LinuxException.Last(flags.HasFlag(OpenFlags.Create) ? "create" : "open", path);
        }
    }

    /// <summary>The standard input, output or error stream (0, 1, 2). Closing this object leaves the stream open.</summary>
    public static FileDescriptor Standard(int number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)number, 2u, nameof(number));
        var name = number switch { 0 => "standard input", 1 => "standard output", _ => "standard error" };
        return new FileDescriptor(number, name, isOwned: false);
    }

    /// <summary>Reads at a byte offset until the buffer is full or the file ends; returns the bytes read.</summary>
    public unsafe int ReadAt(Span<byte> buffer, long offset)
    {
        // SAFETY: the kernel writes at most the bytes that are left of the pinned span.
        fixed (byte* start = buffer)
        {
            var done = 0;
            while (done < buffer.Length)
            {
                var got = pread(this, start + done, (nuint)(buffer.Length - done), offset + done);
                if (got == 0)
                    break;
                if (got > 0)
                    done += (int)got;
                else if (ErrnoExtensions.Last() != Errno.EINTR)
                    throw LinuxException.Last("read", Name);
            }
            return done;
        }
    }

    /// <summary>Writes all of the data at a byte offset.</summary>
    public unsafe void WriteAt(ReadOnlySpan<byte> data, long offset)
    {
        // SAFETY: the kernel reads at most the bytes that are left of the pinned span.
        fixed (byte* start = data)
        {
            var done = 0;
            while (done < data.Length)
            {
                var put = pwrite(this, start + done, (nuint)(data.Length - done), offset + done);
                if (put > 0)
                    done += (int)put;
                else if (put == 0)
                    throw new LinuxException(Errno.EIO, "write", Name);
                else if (ErrnoExtensions.Last() != Errno.EINTR)
                    throw LinuxException.Last("write", Name);
            }
        }
    }

    /// <summary>Reads what a pipe or stream has, at most a buffer full; 0 at its end.</summary>
    public unsafe int Read(Span<byte> buffer)
    {
        // SAFETY: the kernel writes at most the length of the pinned span.
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var got = read(this, start, (nuint)buffer.Length);
                if (got >= 0)
                    return (int)got;
                if (ErrnoExtensions.Last() != Errno.EINTR)
                    throw LinuxException.Last("read", Name);
            }
        }
    }

    /// <summary>Writes all of the data to a pipe or at the file's position.</summary>
    public unsafe void Write(ReadOnlySpan<byte> data)
    {
        // SAFETY: the kernel reads at most the bytes that are left of the pinned span.
        fixed (byte* start = data)
        {
            var done = 0;
            while (done < data.Length)
            {
                var put = write(this, start + done, (nuint)(data.Length - done));
                if (put >= 0)
                    done += (int)put;
                else if (ErrnoExtensions.Last() != Errno.EINTR)
                    throw LinuxException.Last("write", Name);
            }
        }
    }

    /// <summary>lseek(2) to the end: <see cref="Read"/> then gives only what comes after this moment.</summary>
    internal void SeekToEnd()
    {
        if (lseek(this, 0, SEEK_END) < 0)
            throw LinuxException.Last("seek in", Name);
    }

    /// <summary>fsync(2): puts data and metadata onto the medium.</summary>
    public void Sync() => Check(fsync(this), "sync");

    /// <summary>fdatasync(2): puts the data, and the metadata needed to read it, onto the medium.</summary>
    public void DataSync() => Check(fdatasync(this), "sync");

    /// <summary>ftruncate(2): sets the file's size in bytes.</summary>
    public void Truncate(long bytes) => Check(ftruncate(this, bytes), "truncate");

    /// <summary>Reserves space for a range in bytes; the file grows if the range ends past its end.</summary>
    public void Allocate(long offset, long length) => Check(fallocate(this, 0, offset, length), "allocate space in");

    /// <summary>
    /// Deallocates a range, which then reads as zeros; the size stays. EOPNOTSUPP if the filesystem or device cannot do that.
    /// </summary>
    public void PunchHole(long offset, long length) =>
        Check(fallocate(this, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length), "punch a hole in");

    /// <summary>Makes a range read as zeros and keeps its space allocated if possible; the size stays.</summary>
    public void ZeroRange(long offset, long length) =>
        Check(fallocate(this, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length), "zero a range of");

    /// <summary>Asks the kernel to forget the clean pages it caches, so that a later read comes from the medium.</summary>
    public void DropCache()
    {
        var error = posix_fadvise(this, 0, 0, POSIX_FADV_DONTNEED);
        if (error != 0)
            throw new LinuxException((Errno)error, "drop the cache of", Name);
    }

    /// <summary>Sets or clears O_DIRECT by fcntl(2); false if the filesystem has no O_DIRECT.</summary>
    public bool TrySetDirect(bool direct)
    {
        var flags = Flags();
        var bit = OpenFlags.Direct.ToKernel() & ~OpenFlags.Read.ToKernel();
        return fcntl(this, F_SETFL, direct ? flags | bit : flags & ~bit) == 0;
    }

    /// <summary>Reads that would wait end with EAGAIN from now on.</summary>
    internal void SetNonBlocking()
    {
        var bit = OpenFlags.NonBlocking.ToKernel() & ~OpenFlags.Read.ToKernel();
        Check(fcntl(this, F_SETFL, Flags() | bit), "set the flags of");
    }

    /// <summary>fchmod(2).</summary>
    internal void SetMode(int mode) => Check(fchmod(this, (uint)mode), "set the mode of");

    /// <summary>What the file is, by statx(2).</summary>
    public FileStatus Status() => FileStatus.Of(this);

    /// <summary>Takes the exclusive flock(2) if it is free; false if it is taken. Closing releases it.</summary>
    public bool TryLock() => TryLock(LOCK_EX);

    /// <summary>Takes a shared flock(2); false if the exclusive one is taken. Closing releases it.</summary>
    public bool TryLockShared() => TryLock(LOCK_SH);

    /// <summary>Waits for the exclusive flock(2) and takes it.</summary>
    public void Lock() => Lock(LOCK_EX);

    /// <summary>Waits until the exclusive flock(2) is free and takes a shared one.</summary>
    public void LockShared() => Lock(LOCK_SH);

    private bool TryLock(int operation)
    {
        if (flock(this, operation | LOCK_NB) == 0)
            return true;
        return ErrnoExtensions.Last() == Errno.EAGAIN ? false : throw LinuxException.Last("lock", Name);
    }

    private void Lock(int operation)
    {
        while (flock(this, operation) != 0)
        {
            if (ErrnoExtensions.Last() != Errno.EINTR)
                throw LinuxException.Last("lock", Name);
        }
    }

    /// <summary>
    /// ioctl(2) with a pointer argument; returns its result, or -1 with errno left for <see cref="ErrnoExtensions.Last"/>.
    /// </summary>
    internal unsafe int Ioctl(uint request, void* argument) => ioctl(this, request, (nuint)argument);

    /// <summary>ioctl(2) with a plain number.</summary>
    internal int Ioctl(uint request, nuint argument) => ioctl(this, request, argument);

    /// <summary>
    /// One read(2), for devices whose error numbers are part of the protocol; -1 with errno left for
    /// <see cref="ErrnoExtensions.Last"/>.
    /// </summary>
    internal unsafe int TryRead(Span<byte> buffer)
    {
        // SAFETY: the kernel writes at most the length of the pinned span.
        fixed (byte* start = buffer)
            return (int)read(this, start, (nuint)buffer.Length);
    }

    /// <summary>One write(2), as <see cref="TryRead"/> does one read(2).</summary>
    internal unsafe int TryWrite(ReadOnlySpan<byte> data)
    {
        // SAFETY: the kernel reads at most the length of the pinned span.
        fixed (byte* start = data)
            return (int)write(this, start, (nuint)data.Length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => close((int)handle) == 0;

    private int Flags() => fcntl(this, F_GETFL, 0) is >= 0 and var flags ? flags : throw LinuxException.Last("get the flags of", Name);

    private void Check(int result, string operation)
    {
        if (result != 0)
            throw LinuxException.Last(operation, Name);
    }

    private const int F_GETFL = 3, F_SETFL = 4;
    private const int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2, FALLOC_FL_ZERO_RANGE = 0x10;
    private const int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, POSIX_FADV_DONTNEED = 4;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    private const int SEEK_END = 2;

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(FileDescriptor file, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pread(FileDescriptor fd, byte* buffer, nuint length, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pwrite(FileDescriptor fd, byte* data, nuint length, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint read(FileDescriptor fd, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(FileDescriptor fd, byte* data, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(FileDescriptor fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(FileDescriptor fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(FileDescriptor fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(FileDescriptor fd, int mode, long offset, long length);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(FileDescriptor fd, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(FileDescriptor fd, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(FileDescriptor fd, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(FileDescriptor fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(FileDescriptor fd, nuint request, nuint argument);
}
