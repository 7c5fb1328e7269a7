using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// The life of a process that serves one volume, and the conversation with the opener that started it, over the server's standard streams:
/// <code>
/// opener  > {request}          one line, see <see cref="ServeRequest"/>
/// server  > ready              the file is there; if the server ends without this line, its standard error says why
/// opener  > live discard|live  only if discard was requested: the result of arming, see <see cref="FuseServer"/>
/// server  > live               from here on all zeros are written, those of the first block too: now others may use the loop device
/// </code>
/// If the opener goes away before that, the server unmounts and ends. After that only unmounting the file ends the server. It ignores
/// SIGTERM, SIGINT, SIGHUP and SIGPIPE: at shutdown processes get SIGTERM long before filesystems are unmounted, and a filesystem whose
/// disk has gone cannot be unmounted.
/// </summary>
public static class FuseServerProcess
{
    /// <summary>The opener's answer if the loop device has stopped sending write-zeroes.</summary>
    public const string LiveDiscard = "live discard";

    /// <summary>The opener's answer if it has not: the server then discards nothing.</summary>
    public const string Live = "live";

    /// <summary>The server's word once the file can be opened. It answers the opener's "live" with <see cref="Live"/>.</summary>
    public const string ReadyLine = "ready";

    private const int LongestLine = 1 << 16;

    /// <summary>Reads the request, serves, and returns when the file has been unmounted and everything written is on the medium.</summary>
    /// <param name="open">Unseals and opens the volume; called when the process can no longer be dumped or paged out.</param>
    /// <exception cref="LinuxException">Serving could not begin, or the opener went away, or the last flush failed.</exception>
    /// <exception cref="FormatException">The line is not a request.</exception>
    public static void Run(Func<ServeRequest, IBlockDevice> open)
    {
        CurrentProcess.SetNonDumpable();
        CurrentProcess.CloseInherited();
        CurrentProcess.NewSession();
        CurrentProcess.IgnoreSignals(Signal.Hangup, Signal.Interrupt, Signal.Quit, Signal.Pipe, Signal.Terminate);
        CurrentProcess.LockAllMemory();
        CurrentProcess.SetIoFlusher(); // refused without CAP_SYS_RESOURCE: then it may hang when memory runs out, as any server may
        Environment.CurrentDirectory = "/";

        using var input = FileDescriptor.Standard(0);
        var request = ServeRequest.Parse(ReadLine(input));
        CurrentProcess.SetName("sealdisk-fuse");
        const OpenFlags appending = OpenFlags.Write | OpenFlags.Create | OpenFlags.Append | OpenFlags.NoFollow;
        using var alive = FileDescriptor.Open(request.LogFile, appending, mode: Permissions.Mode0600);
        alive.Lock();
        using var volume = open(request);
        using var server = new FuseServer(volume, request.MountFile, request.FsName, request.Discard);
        using var serving = new Serving(server);
        if (serving.WaitUntilReady())
        {
            try
            {
                AnswerOpener(request, server, input);
            }
            catch
            {
                Mounts.Unmount(request.MountFile, UnmountFlags.Detach);
                throw;
            }
        }
        serving.Join();
    }

    /// <summary>Waits until the server with this log file has ended; returns at once if there is none.</summary>
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

    /// <summary>The rest of the conversation with the opener; gives up the standard streams at its end.</summary>
    private static void AnswerOpener(ServeRequest request, FuseServer server, FileDescriptor input)
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

    /// <summary>A line without its end. Read byte by byte: what follows it belongs to the next line.</summary>
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
    /// Null if there is none; never creates it, as it may be on its way out with its folder. Callers share the lock with each other, so
    /// that none takes another one for the server.
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

    /// <summary>The server on a thread of its own, which inherits the I/O flusher attribute of the thread that starts it.</summary>
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

        /// <summary>False if it ended before it was ready.</summary>
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
