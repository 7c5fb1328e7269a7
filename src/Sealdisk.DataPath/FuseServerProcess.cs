using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// The life of a process that serves one volume, and the conversation with the opener that started it, over the server's standard streams:
/// <code>
/// opener  > {request}          one line, see <see cref="ServeRequest"/>
/// server  > ready              the file is there; without this line the server ends, its standard error says why
/// opener  > live discard|live  only where discard was requested: what came of arming, see <see cref="FuseServer"/>
/// server  > live               from here on all zeros are written, those of the first block too: only now may others use the loop device
/// </code>
/// If the opener goes away before that, the server unmounts and ends. After that it belongs to nobody: it ends when the file is
/// unmounted, and by nothing else. SIGTERM, SIGINT, SIGHUP and SIGPIPE are ignored, since at shutdown the processes are told to end long before the
/// filesystems are unmounted, and a filesystem whose disk has gone cannot be.
/// </summary>
public static class FuseServerProcess
{
    /// <summary>The opener's answer when the loop device has stopped sending write-zeroes.</summary>
    public const string LiveDiscard = "live discard";

    /// <summary>The opener's answer when it has not: no discards then.</summary>
    public const string Live = "live";

    /// <summary>What the server says once the file can be opened. Its answer to the opener's "live" is <see cref="Live"/> again.</summary>
    public const string ReadyLine = "ready";

    private const int LongestLine = 1 << 16;

    /// <summary>Reads the request, serves, and returns when the file has been unmounted and everything written is on the medium.</summary>
    /// <param name="open">Unseals and opens the volume; called when the process can no longer be dumped or paged out.</param>
    /// <exception cref="LinuxException">It could not begin, or the opener went away, or the last flush failed.</exception>
    /// <exception cref="FormatException">What came in is not a request.</exception>
    public static void Run(Func<ServeRequest, IBlockDevice> open)
    {
        CurrentProcess.SetNonDumpable();
        CurrentProcess.CloseInherited();
        CurrentProcess.NewSession();
        CurrentProcess.IgnoreSignals(Signal.Hangup, Signal.Interrupt, Signal.Quit, Signal.Pipe, Signal.Terminate);
        CurrentProcess.LockAllMemory();
        CurrentProcess.SetIoFlusher(); // refused without CAP_SYS_RESOURCE; then only a machine without memory is in danger, as with any server
        Environment.CurrentDirectory = "/";

        using var input = FileDescriptor.Standard(0);
        var request = ServeRequest.Parse(ReadLine(input));
        CurrentProcess.SetName("sealdisk-fuse");
        using var alive = FileDescriptor.Open(request.LogFile, OpenFlags.Write | OpenFlags.Create | OpenFlags.Append | OpenFlags.NoFollow, mode: 0x180);
        alive.Lock();
        using var volume = open(request);
        using var server = new FuseServer(volume, request.MountFile, request.FsName, request.Discard);
        using var serving = new Serving(server);
        if (serving.WaitUntilReady())
        {
            try
            {
                ToOpener(request, server, input);
            }
            catch
            {
                Mounts.Unmount(request.MountFile, UnmountFlags.Detach);
                throw;
            }
        }
        serving.Join();
    }

    /// <summary>Waits until the server with this log file has ended; returns at once when there is none.</summary>
    public static void WaitForEnd(string logFile)
    {
        using var file = TryOpenLog(logFile);
        file?.LockShared();
    }

    /// <summary>True as long as a server with this log file lives.</summary>
    public static bool IsRunning(string logFile)
    {
        using var file = TryOpenLog(logFile);
        return file?.TryLockShared() == false;
    }

    /// <summary>The rest of the conversation, and then no more standard streams.</summary>
    private static void ToOpener(ServeRequest request, FuseServer server, FileDescriptor input)
    {
        using var output = FileDescriptor.Standard(1);
        output.Write(Encoding.ASCII.GetBytes(ReadyLine + "\n"));
        if (request.Discard)
        {
            var answer = Encoding.ASCII.GetString(ReadLine(input));
            server.GoLive(answer switch
            {
                LiveDiscard => true,
                Live => false,
                _ => throw new LinuxException(Errno.EPIPE, "serve", request.FsName),
            });
            output.Write(Encoding.ASCII.GetBytes(Live + "\n"));
        }
        CurrentProcess.RedirectStandardStreams(request.LogFile);
    }

    /// <summary>A line without its end, byte by byte, as what follows it belongs to the next.</summary>
    private static byte[] ReadLine(FileDescriptor input)
    {
        var line = new List<byte>();
        Span<byte> next = stackalloc byte[1];
        while (input.Read(next) == 1)
        {
            if (next[0] == '\n')
                return [.. line];
            if (line.Count == LongestLine)
                throw new FormatException("cannot read the request: the line is too long");
            line.Add(next[0]);
        }
        throw new LinuxException(Errno.EPIPE, "read a whole line from", input.Name); // the opener has gone
    }

    /// <summary>
    /// Null where there is none: someone may be removing it and its folder, and must not find it there again. Who looks shares the lock with others who
    /// look, so that none of them takes another for the server.
    /// </summary>
    private static FileDescriptor? TryOpenLog(string logFile)
    {
        try
        {
            return FileDescriptor.Open(logFile, OpenFlags.Read | OpenFlags.NoFollow);
        }
        catch (LinuxException missing) when (missing.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
    }

    /// <summary>The server on a thread of its own, started from the thread whose I/O flusher attribute it inherits.</summary>
    private sealed class Serving : IDisposable
    {
        private readonly FuseServer _server;
        private readonly ManualResetEventSlim _ended = new();
        private readonly Thread _thread;
        private LinuxException? _fault;

        public Serving(FuseServer server)
        {
            _server = server;
            _thread = new Thread(Serve) { Name = "sealdisk serve" };
            _thread.Start();
        }

        /// <summary>False when it has ended before it was ready.</summary>
        public bool WaitUntilReady() => WaitHandle.WaitAny([_server.Ready, _ended.WaitHandle]) == 0;

        public void Join()
        {
            _thread.Join();
            if (_fault is not null)
                throw _fault;
        }

        public void Dispose()
        {
            _thread.Join();
            _ended.Dispose();
        }

        private void Serve()
        {
            try
            {
                _server.Run();
            }
            catch (LinuxException exception)
            {
                _fault = exception;
            }
            finally
            {
                _ended.Set();
            }
        }
    }
}
