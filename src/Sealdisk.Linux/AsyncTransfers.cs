using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// Transfers that the kernel carries out while their thread does something else (io_setup(2), linux/aio_abi.h), and a wait for
/// whichever comes first: the end of a transfer, or something to read. Only for files that are open with O_DIRECT; for any other the
/// kernel would make the thread wait.
/// </summary>
internal sealed unsafe partial class AsyncTransfers : IDisposable
{
    private readonly int _depth;
    private readonly FileDescriptor _ended;
    private readonly FileDescriptor _poll;
    private readonly IoControlBlock* _blocks; // by tag
    private readonly IoControlBlock** _queue; // added and not yet handed over
    private readonly IoEvent* _events;
    private nuint _context;
    private int _queued;

    private AsyncTransfers(nuint context, int depth, FileDescriptor ended, FileDescriptor poll)
    {
        _context = context;
        _depth = depth;
        _ended = ended;
        _poll = poll;
        _blocks = (IoControlBlock*)NativeMemory.AllocZeroed((nuint)depth, (nuint)sizeof(IoControlBlock));
        _queue = (IoControlBlock**)NativeMemory.AllocZeroed((nuint)depth, (nuint)sizeof(IoControlBlock*));
        _events = (IoEvent*)NativeMemory.AllocZeroed((nuint)depth, (nuint)sizeof(IoEvent));
    }

    /// <summary>How many are added and not yet reaped.</summary>
    public int InFlight { get; private set; }

    /// <summary>Makes room for a number of transfers at a time.</summary>
    /// <param name="depth">How many; tags go from 0 to one less.</param>
    /// <param name="input">
    /// <see cref="Wait"/> also waits for input here; if several threads do, one of them wakes up. Stays the caller's.
    /// </param>
    /// <returns>Null if the kernel lacks CONFIG_AIO or has reached fs.aio-max-nr.</returns>
    /// <exception cref="LinuxException">The wait cannot be set up.</exception>
    public static AsyncTransfers? TryCreate(int depth, FileDescriptor input)
    {
        nuint context = 0;
        // SAFETY: the kernel writes the handle.
        if (io_setup(SetupNumber(Here), (nuint)depth, &context) != 0)
            return null;
        var ended = new FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "an event counter");
        var poll = new FileDescriptor(epoll_create1(EPOLL_CLOEXEC), "a wait");
        var transfers = new AsyncTransfers(context, depth, ended, poll);
        var isReady = !ended.IsInvalid && !poll.IsInvalid;
        if (isReady && transfers.Watch(ended, EPOLLIN | EPOLLET) && transfers.Watch(input, EPOLLIN | EPOLLEXCLUSIVE))
            return transfers;
        var problem = LinuxException.Last("wait for", input.Name);
        transfers.Dispose();
        throw problem;
    }

    /// <summary>Adds a transfer for <see cref="Submit"/> to hand over. Its tag identifies it until it is reaped.</summary>
    /// <param name="tag">Not that of another transfer in flight.</param>
    /// <param name="operation">What to do.</param>
    /// <param name="file">Must stay open until the transfer is reaped.</param>
    /// <param name="memory">Memory that does not move; the caller's again once the transfer is reaped.</param>
    /// <param name="offset">Bytes in the file.</param>
    public void Add(int tag, TransferKind operation, FileDescriptor file, Span<byte> memory, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)tag, (uint)_depth);
        // SAFETY: the tag is within the array; the caller keeps the memory in place.
        fixed (byte* start = memory)
        {
            _blocks[tag] = new IoControlBlock
            {
                Data = (ulong)tag,
                Operation = (ushort)operation,
                File = (uint)file.Number,
                Memory = (ulong)start,
                Length = (ulong)memory.Length,
                Offset = offset,
                Flags = IOCB_FLAG_RESFD,
                Event = (uint)_ended.Number,
            };
            _queue[_queued++] = _blocks + tag;
        }
        InFlight++;
    }

    /// <summary>
    /// Hands over what was added. A transfer that the kernel does not take has ended: its tag goes to <paramref name="refused"/>.
    /// </summary>
    public void Submit(Action<int> refused)
    {
        var done = 0;
        while (done < _queued)
        {
            // SAFETY: the kernel reads the control blocks that were added.
            var taken = io_submit(SubmitNumber(Here), _context, _queued - done, _queue + done);
            if (taken > 0)
            {
                done += (int)taken;
                continue;
            }
            InFlight--;
            refused((int)_queue[done++]->Data);
        }
        _queued = 0;
    }

    /// <summary>Reports each transfer that has ended.</summary>
    /// <param name="wait">Whether to wait until there is at least one; one must be in flight.</param>
    /// <param name="ended">Gets the tag and the result: the bytes done, or an errno below zero.</param>
    public void Reap(bool wait, Action<int, long> ended)
    {
        while (InFlight > 0)
        {
            var none = default(TimeSpec);
            // SAFETY: the kernel writes at most as many events as there is room for.
            var got = (int)io_getevents(EventsNumber(Here), _context, wait ? 1 : 0, _depth, _events, wait ? null : &none);
            if (got < 0 && ErrnoExtensions.Last() == Errno.EINTR)
                continue;
            if (got < 0)
                throw LinuxException.Last("wait for", "transfers");
            InFlight -= got;
            for (var index = 0; index < got; index++)
                ended((int)_events[index].Data, _events[index].Result);
            return;
        }
    }

    /// <summary>Waits until a transfer ends or there is something to read; sometimes returns earlier.</summary>
    public void Wait()
    {
        var events = stackalloc ulong[4]; // two struct epoll_event, packed on some architectures; their content does not matter
        // SAFETY: the kernel writes at most two events of at most 16 bytes.
        if (epoll_wait(_poll, events, 2, -1) < 0 && ErrnoExtensions.Last() != Errno.EINTR)
            throw LinuxException.Last("wait for", "requests");
    }

    /// <summary>Waits for the transfers in flight; their results are lost.</summary>
    public void Dispose()
    {
        if (_context != 0)
            io_destroy(DestroyNumber(Here), _context);
        _context = 0;
        _ended.Dispose();
        _poll.Dispose();
        NativeMemory.Free(_blocks);
        NativeMemory.Free(_queue);
        NativeMemory.Free(_events);
    }

    internal static nint SetupNumber(Architecture architecture) => architecture == Architecture.Arm64 ? 0 : 206;

    internal static nint DestroyNumber(Architecture architecture) => architecture == Architecture.Arm64 ? 1 : 207;

    internal static nint EventsNumber(Architecture architecture) => architecture == Architecture.Arm64 ? 4 : 208;

    internal static nint SubmitNumber(Architecture architecture) => architecture == Architecture.Arm64 ? 2 : 209;

    internal const uint EPOLLIN = 1, EPOLLEXCLUSIVE = 1 << 28, EPOLLET = 1u << 31;
    internal const uint IOCB_FLAG_RESFD = 1;

    private const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800, EPOLL_CLOEXEC = 0x80000, EPOLL_CTL_ADD = 1;

    private static Architecture Here => RuntimeInformation.ProcessArchitecture;

    private bool Watch(FileDescriptor file, uint events)
    {
        var interest = stackalloc ulong[2] { events, 0 };
        // SAFETY: the kernel reads a struct epoll_event, whose events come first.
        return epoll_ctl(_poll, EPOLL_CTL_ADD, file, interest) == 0;
    }

    /// <summary>struct iocb, little-endian.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoControlBlock
    {
        public ulong Data;
        public uint Key, ReadWriteFlags;
        public ushort Operation;
        public short Priority;
        public uint File;
        public ulong Memory, Length;
        public long Offset;
        public ulong Reserved;
        public uint Flags, Event;
    }

    /// <summary>struct io_event.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoEvent
    {
        public ulong Data, Block;
        public long Result, Result2;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds, Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint io_setup(nint number, nuint depth, nuint* context);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint io_destroy(nint number, nuint context);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint io_submit(nint number, nuint context, nint count, IoControlBlock** blocks);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint io_getevents(nint number, nuint context, nint least, nint most, IoEvent* events, TimeSpec* limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(FileDescriptor poll, int operation, FileDescriptor file, ulong* interest);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(FileDescriptor poll, ulong* events, int most, int milliseconds);
}

/// <summary>IOCB_CMD_*.</summary>
internal enum TransferKind : ushort
{
    /// <summary>IOCB_CMD_PREAD.</summary>
    Read = 0,

    /// <summary>IOCB_CMD_PWRITE.</summary>
    Write = 1,

    /// <summary>IOCB_CMD_FDSYNC, from Linux 4.18 on.</summary>
    DataSync = 3,
}
