using System.Globalization;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>Signals that a daemon may want to ignore; the numbers are the same on x86-64 and arm64.</summary>
public enum Signal
{
    Hangup = 1,
    Interrupt = 2,
    Quit = 3,
    Pipe = 13,
    Terminate = 15,
}

/// <summary>Capabilities by their number (include/uapi/linux/capability.h).</summary>
public enum Capability
{
    IpcLock = 14,
    SysAdmin = 21,
    SysResource = 24,
    Mknod = 27,
}

/// <summary>What a process can find out about itself and set.</summary>
public static partial class CurrentProcess
{
    /// <summary>The user that permissions are checked against; 0 is root.</summary>
    public static uint EffectiveUserId => geteuid();

    /// <summary>No core dumps, no ptrace by others, /proc/PID/mem closed: PR_SET_DUMPABLE 0 and RLIMIT_CORE 0.</summary>
    public static unsafe void SetNonDumpable()
    {
        Check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "make non-dumpable");
        var none = stackalloc ulong[] { 0, 0 };
        // SAFETY: struct rlimit is two unsigned longs.
        Check(setrlimit(RLIMIT_CORE, none), "forbid core dumps of");
    }

    /// <summary>
    /// Opens /dev/null in place of each standard stream that is closed. Otherwise the next file that is opened, perhaps a volume, would
    /// get its number, and output meant for that stream would be written into it. Call it before any other thread runs.
    /// </summary>
    public static void FillStandardStreams()
    {
        for (var stream = 0; stream <= 2; stream++)
        {
            // Gets the lowest free number, which is this one. It stays open.
            if (fcntl(stream, F_GETFD) < 0)
                FileDescriptor.Open("/dev/null", OpenFlags.ReadWrite).SetHandleAsInvalid();
        }
    }

    /// <summary>
    /// mlockall(2): every page, now and later, stays in memory once it has been touched. Needs CAP_IPC_LOCK or room in RLIMIT_MEMLOCK.
    /// </summary>
    public static void LockAllMemory() =>
        Check(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), "lock the memory (RLIMIT_MEMLOCK, see 'ulimit -l', or CAP_IPC_LOCK) of");

    /// <summary>
    /// PR_SET_IO_FLUSHER: allocating memory must not wait for I/O that this process itself has to serve. Set per thread and inherited
    /// by threads started later. False if it is refused (kernel before 5.6, no CAP_SYS_RESOURCE).
    /// </summary>
    public static bool SetIoFlusher() => prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) == 0;

    /// <summary>setsid(2): a session without a terminal.</summary>
    public static void NewSession()
    {
        // EPERM: a process that leads its group already has a session or cannot leave it without a fork.
        if (setsid() < 0 && ErrnoExtensions.Last() != Errno.EPERM)
            throw LinuxException.Last("start a session for", Self);
    }

    /// <summary>Whether the effective set holds the capability.</summary>
    public static unsafe bool HasCapability(Capability capability)
    {
        var head = stackalloc int[] { LINUX_CAPABILITY_VERSION_3, 0 };
        var sets = stackalloc uint[6]; // effective, permitted, inheritable; the low 32, then the high 32
        // SAFETY: this version of struct __user_cap_header_struct is two ints, and of the data two times three.
        Check(capget(head, sets), "get the capabilities of");
        return (sets[(int)capability / 32 * 3] >> ((int)capability % 32) & 1) == 1;
    }

    /// <summary>The name that ps and top show, at most 15 bytes of it.</summary>
    public static void SetName(string name)
    {
        using var comm = FileDescriptor.Open("/proc/self/comm", OpenFlags.Write); // not prctl: that names the calling thread
        comm.Write(System.Text.Encoding.UTF8.GetBytes(name));
    }

    /// <summary>Ignores signals from now on. Replaces the runtime's own handlers.</summary>
    public static void IgnoreSignals(params ReadOnlySpan<Signal> signals)
    {
        foreach (var number in signals)
        {
            if (signal((int)number, SIG_IGN) == SIG_ERR)
                throw LinuxException.Last($"ignore signal {number} in", Self);
        }
    }

    /// <summary>
    /// Closes descriptors above 2 that this process inherited. Everything that it has opened itself is close-on-exec and stays. A
    /// daemon would otherwise hold its parent's locks and pipes as long as it lives.
    /// </summary>
    public static void CloseInherited()
    {
        foreach (var entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            var number = int.Parse(Path.GetFileName(entry.AsSpan()), CultureInfo.InvariantCulture);
            if (number > 2 && fcntl(number, F_GETFD) == 0)
                _ = close(number);
        }
    }

    /// <summary>
    /// Redirects descriptors 0, 1 and 2: input and output to /dev/null, errors to a file (appended, made 0600) or /dev/null.
    /// </summary>
    public static void RedirectStandardStreams(string? errorFile)
    {
        using var nowhere = FileDescriptor.Open("/dev/null", OpenFlags.ReadWrite);
        RedirectStandardStream(0, nowhere);
        RedirectStandardStream(1, nowhere);
        if (errorFile is null)
        {
            RedirectStandardStream(2, nowhere);
            return;
        }
        const OpenFlags appending = OpenFlags.Write | OpenFlags.Create | OpenFlags.Append | OpenFlags.NoFollow;
        using var log = FileDescriptor.Open(errorFile, appending, mode: Permissions.Mode0600);
        RedirectStandardStream(2, log);
    }

    private static void RedirectStandardStream(int number, FileDescriptor to)
    {
        if (dup2(to, number) < 0)
            throw LinuxException.Last($"redirect descriptor {number} to", to.Name);
    }

    private static void Check(int result, string operation)
    {
        if (result != 0)
            throw LinuxException.Last(operation, Self);
    }

    private const string Self = "this process";
    private const int PR_SET_DUMPABLE = 4, PR_SET_IO_FLUSHER = 57, RLIMIT_CORE = 4;
    private const int MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4;
    private const nint SIG_IGN = 1, SIG_ERR = -1;
    private const int F_GETFD = 1, LINUX_CAPABILITY_VERSION_3 = 0x20080522;

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int capget(int* head, uint* sets);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int setrlimit(int resource, ulong* limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mlockall(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint signal(int number, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(FileDescriptor from, int to);
}
