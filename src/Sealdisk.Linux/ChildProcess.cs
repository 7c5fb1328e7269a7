using System.Buffers;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// A program started by posix_spawn(3), with pipes on its standard streams. It gets this process's environment, no signal ignored or
/// blocked, and no other descriptor, as all of ours are close-on-exec.
/// </summary>
/// <remarks>
/// By hand: System.Diagnostics.Process starts a thread for signals, an event loop for its pipes and a pool of threads behind it.
/// </remarks>
public sealed unsafe partial class ChildProcess : IDisposable
{
    private ChildProcess(string name, int id, FileDescriptor input, FileDescriptor output, FileDescriptor error)
    {
        Name = name;
        Id = id;
        Input = input;
        Output = output;
        Error = error;
    }

    /// <summary>The program's path.</summary>
    public string Name { get; }

    /// <summary>Its process number.</summary>
    public int Id { get; }

    /// <summary>Writes to its standard input.</summary>
    public FileDescriptor Input { get; }

    /// <summary>Reads its standard output.</summary>
    public FileDescriptor Output { get; }

    /// <summary>Reads its standard error.</summary>
    public FileDescriptor Error { get; }

    /// <summary>Starts a program.</summary>
    /// <param name="path">Its file; PATH is not searched.</param>
    /// <param name="arguments">Without the program's own name, which comes first.</param>
    /// <param name="variables">NAME=value: added to our environment, or in place of what it has by that name.</param>
    /// <exception cref="LinuxException">The program cannot be run.</exception>
    public static ChildProcess Start(string path, ReadOnlySpan<string> arguments, params ReadOnlySpan<string> variables)
    {
        KeepExitCodes();
        // In this order each pipe gets the lowest free numbers: if a standard stream was closed, no end is overwritten before it is in
        // its place.
        var (theirInput, input) = Pipe("standard input of", path);
        var (output, theirOutput) = Pipe("standard output of", path);
        var (error, theirError) = Pipe("standard error of", path);
        using (theirInput)
        using (theirOutput)
        using (theirError)
        {
            var problem = Spawn(path, arguments, variables, new StandardStreams(theirInput, theirOutput, theirError), out var id);
            var child = new ChildProcess(path, id, input, output, error);
            if (problem == Errno.None)
                return child;
            child.Dispose();
            throw new LinuxException(problem, "run", path);
        }
    }

    /// <summary>
    /// Everything that it writes until it has closed both streams. Both are drained at once: a program that fills one pipe while we
    /// wait on the other would never end.
    /// </summary>
    public (byte[] Output, byte[] Error) ReadToEnd()
    {
        var (output, error) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var waiting = stackalloc PollEntry[2];
        waiting[0] = new PollEntry { File = Output.Number, Events = POLLIN };
        waiting[1] = new PollEntry { File = Error.Number, Events = POLLIN };
        Span<byte> piece = stackalloc byte[4096];
        while (waiting[0].File >= 0 || waiting[1].File >= 0)
        {
            // SAFETY: two entries, as allocated above.
            if (poll(waiting, 2, -1) < 0 && ErrnoExtensions.Last() != Errno.EINTR)
                throw LinuxException.Last("wait for", Name);
            Take(ref waiting[0], Output, output, piece);
            Take(ref waiting[1], Error, error, piece);
        }
        return (output.WrittenSpan.ToArray(), error.WrittenSpan.ToArray());
    }

    /// <summary>Waits until it ends; returns its exit code, or 128 plus the signal that ended it, as a shell does.</summary>
    public int Wait()
    {
        int status;
        // SAFETY: the kernel writes one int.
        while (waitpid(Id, &status, 0) < 0)
        {
            if (ErrnoExtensions.Last() != Errno.EINTR)
                throw LinuxException.Last("wait for", Name);
        }
        return (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }

    /// <summary>Closes our ends of the pipes; the program goes on.</summary>
    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Error.Dispose();
    }

    private static void Take(ref PollEntry entry, FileDescriptor file, ArrayBufferWriter<byte> into, Span<byte> piece)
    {
        if (entry.Found == 0)
            return;
        entry.Found = 0;
        var got = file.Read(piece);
        into.Write(piece[..got]);
        if (got == 0)
            entry.File = -1;
    }

    /// <summary>If our own parent ignored SIGCHLD, the kernel would throw exit codes away.</summary>
    private static void KeepExitCodes()
    {
        var action = stackalloc nint[32]; // struct sigaction has 152 bytes, and begins with the handler
        // SAFETY: the C library writes no more than its struct.
        if (sigaction(SIGCHLD, null, action) == 0 && action[0] == SIG_IGN)
            _ = signal(SIGCHLD, SIG_DFL);
    }

    private static (FileDescriptor Read, FileDescriptor Write) Pipe(string what, string path)
    {
        var ends = stackalloc int[2];
        // SAFETY: the kernel writes two ints.
        if (pipe2(ends, O_CLOEXEC) != 0)
            throw LinuxException.Last("make a pipe for", path);
        return (new FileDescriptor(ends[0], $"{what} {path}"), new FileDescriptor(ends[1], $"{what} {path}"));
    }

    private static Errno Spawn(
        string path, ReadOnlySpan<string> arguments, ReadOnlySpan<string> variables, StandardStreams streams, out int id)
    {
        using var words = new TextVector([path, .. arguments]);
        using var environment = new TextVector(Environment(variables));
        // Both opaque: 80 and 336 bytes in the GNU C library; and a sigset_t of 128.
        var actions = stackalloc ulong[64];
        var attributes = stackalloc ulong[64];
        var all = stackalloc ulong[16];
        var none = stackalloc ulong[16];
        new Span<ulong>(all, 16).Fill(ulong.MaxValue);
        new Span<ulong>(none, 16).Clear();
        int child;
        // SAFETY: each is initialised before it is used and destroyed afterwards, and lives on this stack frame until then.
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawnattr_init(attributes);
        _ = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        _ = posix_spawnattr_setsigdefault(attributes, all);
        _ = posix_spawnattr_setsigmask(attributes, none);
        _ = posix_spawn_file_actions_adddup2(actions, streams.Input.Number, 0);
        _ = posix_spawn_file_actions_adddup2(actions, streams.Output.Number, 1);
        _ = posix_spawn_file_actions_adddup2(actions, streams.Error.Number, 2);
        var problem = (Errno)posix_spawn(&child, path, actions, attributes, words.Pointer, environment.Pointer);
        _ = posix_spawn_file_actions_destroy(actions);
        _ = posix_spawnattr_destroy(attributes);
        id = child;
        return problem;
    }

    private static string[] Environment(ReadOnlySpan<string> variables)
    {
        var all = new List<string>([.. variables]);
        foreach (System.Collections.DictionaryEntry ours in System.Environment.GetEnvironmentVariables())
        {
            var name = $"{ours.Key}=";
            if (!all.Exists(given => given.StartsWith(name, StringComparison.Ordinal)))
                all.Add(name + ours.Value);
        }
        return [.. all];
    }

    /// <summary>The child's ends of the pipes.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct StandardStreams(FileDescriptor Input, FileDescriptor Output, FileDescriptor Error);

    /// <summary>char *[], with the NULL at its end.</summary>
    private sealed class TextVector : IDisposable
    {
        private readonly int _count;

        internal TextVector(ReadOnlySpan<string> texts)
        {
            _count = texts.Length;
            Pointer = (nint*)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(nint));
            // SAFETY: one more than there are texts.
            for (var index = 0; index < _count; index++)
                Pointer[index] = Marshal.StringToCoTaskMemUTF8(texts[index]);
        }

        internal nint* Pointer { get; }

        public void Dispose()
        {
            for (var index = 0; index < _count; index++)
                Marshal.FreeCoTaskMem(Pointer[index]);
            NativeMemory.Free(Pointer);
        }
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int File;
        public short Events, Found;
    }

    private const int O_CLOEXEC = 0x80000, SIGCHLD = 17;
    private const short POLLIN = 1, POSIX_SPAWN_SETSIGDEF = 4, POSIX_SPAWN_SETSIGMASK = 8;
    private const nint SIG_DFL = 0, SIG_IGN = 1;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int id, int* status, int options);

    [LibraryImport("libc")]
    private static partial int sigaction(int number, nint* action, nint* old);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(int* id, string path, ulong* actions, ulong* attributes, nint* arguments, nint* environment);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(ulong* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(ulong* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(ulong* actions, int from, int to);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(ulong* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(ulong* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(ulong* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(ulong* attributes, ulong* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(ulong* attributes, ulong* signals);
}
