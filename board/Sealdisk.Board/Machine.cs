using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Sealdisk.Board;

/// <summary>
/// One boot of a virtual board, from power-on to power-off or power cut. Disposing kills what still runs; QEMU never outlives the
/// process that booted it. All waiting has a limit, which only what hangs meets (a machine that tests may work at a tenth of its
/// speed for minutes), and every failure shows what the board said last.
/// </summary>
public sealed class Machine : IDisposable
{
    internal static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(5);

    private const string PowerCutEnd = "a power cut";

    private static readonly TimeSpan PowerOffLimit = TimeSpan.FromMinutes(2);

    private readonly BootOptions options;
    private readonly string folder = Directory.CreateTempSubdirectory("sealdisk-board-").FullName;
    private readonly Port port;
    private readonly Process qemu;
    private readonly Transcript console = new();
    private readonly Transcript kernel = new();
    private readonly Transcript complaints = new();
    private readonly Dictionary<uint, BoardCommand> commands = [];
    private readonly ManualResetEventSlim ready = new();
    private readonly ManualResetEventSlim ended = new();
    private readonly Timer limit;
    private readonly List<Thread> threads = [];
    private string? secureLog;
    private string? endedBy;
    private uint lastNumber;

    private Machine(BootOptions options)
    {
        this.options = options;
        var clock = Stopwatch.StartNew();
        port = new Port(Path.Combine(folder, "port"));
        foreach (var disk in options.Disks)
            disk.Attach(PowerCut);
        qemu = Tether.Start(Path.Combine(Checkout.Root, "board", "start"), Arguments());
        limit = new Timer(_ => Kill("its time limit"), null, options.TimeLimit, Timeout.InfiniteTimeSpan);
        Follow("console", () => Copy(qemu.StandardOutput.BaseStream, console));
        Follow("qemu", () => Copy(qemu.StandardError.BaseStream, complaints));
        Follow("port", () => port.Serve(Receive));
        Follow("end", WaitForEnd);
        WaitHandle.WaitAny([ready.WaitHandle, ended.WaitHandle]);
        BootTime = clock.Elapsed;
    }

    /// <summary>From QEMU's start to the first moment that a command can run.</summary>
    public TimeSpan BootTime { get; }

    /// <summary>Whether QEMU still runs.</summary>
    public bool IsUp => !ended.IsSet;

    /// <summary>Whether it was a power cut that ended it, and neither a panic nor a time limit.</summary>
    public bool HasLostPower => ended.IsSet && endedBy == PowerCutEnd;

    /// <summary>/dev/vda, /dev/vdb and so on.</summary>
    public IReadOnlyList<Disk> Disks => options.Disks;

    /// <summary>What the console showed: the kernel's warnings and errors, and the shell, if asked for.</summary>
    public string Console => console.ToString();

    /// <summary>The kernel's whole log, as dmesg shows it.</summary>
    public string KernelLog => kernel.ToString();

    /// <summary>What TF-A and OP-TEE said.</summary>
    public string SecureLog => secureLog ?? ReadSecureLog();

    /// <summary>Starts a board and waits until commands can run.</summary>
    /// <exception cref="BoardException">It is not built, or did not come up.</exception>
    public static Machine Boot(BootOptions? options = null)
    {
        options ??= new BootOptions();
        if (!options.Board.IsBuilt)
            throw new BoardException($"cannot boot the {options.Board.Name} board: not built; run board/build {options.Board.Name}");
        if (options.Sealdisk && !File.Exists(options.Board.Binary))
            throw new BoardException(
                $"cannot boot the {options.Board.Name} board: no {options.Board.Binary}; run ./build, or boot with Sealdisk = false");
        var machine = new Machine(options);
        if (machine.ready.IsSet)
            return machine;
        var problem = machine.Problem("cannot boot the board");
        machine.Dispose();
        throw problem;
    }

    /// <summary>Runs a command line with <c>sh -c</c> on the board and waits for its end.</summary>
    /// <exception cref="BoardException">It did not end within the limit (five minutes), or the board ended first.</exception>
    public Answer Run(string command, TimeSpan? limit = null) => Start(command).Wait(limit);

    /// <summary>Runs a command line that must succeed; its standard output without the last line feed.</summary>
    /// <exception cref="BoardException">It failed.</exception>
    public string Succeed(string command, TimeSpan? limit = null)
    {
        var answer = Run(command, limit);
        return answer.ExitCode == 0
            ? answer.Output.TrimEnd('\n')
            : throw Problem($"'{command}' failed with exit code {answer.ExitCode}:\n{answer.All}");
    }

    /// <summary>Starts a command line without waiting for it. Any number of commands may run at the same time.</summary>
    public BoardCommand Start(string command)
    {
        var started = NewCommand(command);
        Send('R', started, Encoding.UTF8.GetBytes(command));
        return started;
    }

    /// <summary>Writes a file on the board, in place of what was there.</summary>
    public void Put(string path, ReadOnlySpan<byte> content)
    {
        const int Piece = 1 << 19;
        PutPiece('W', path, Encoding.UTF8.GetBytes(path));
        for (; content.Length > 0; content = content[Math.Min(Piece, content.Length)..])
            PutPiece('A', path, content[..Math.Min(Piece, content.Length)]);
    }

    /// <summary>Reads a file of the board.</summary>
    public byte[] Get(string path)
    {
        var read = Start($"cat '{path}'");
        var answer = read.Wait();
        return answer.ExitCode == 0 ? read.OutputBytes : throw Problem($"cannot read {path} on the board: {answer.Error}");
    }

    /// <summary>Types on the console.</summary>
    public void Type(string text)
    {
        qemu.StandardInput.Write(text);
        qemu.StandardInput.Flush();
    }

    /// <summary>Waits for words on the console, after those that were waited for before; what it showed up to and with them.</summary>
    /// <exception cref="BoardException">They did not come within the limit.</exception>
    public string Expect(string words, TimeSpan? limit = null) =>
        console.Expect(words, limit ?? CommandLimit) ?? throw Problem($"cannot find '{words}' on the console");

    /// <summary>Shuts the board down in order: unmounted, everything on the disks.</summary>
    /// <exception cref="BoardException">It was not off within half a minute.</exception>
    public void PowerOff()
    {
        Start("poweroff");
        WaitForPowerOff();
    }

    /// <summary>Waits until the board has switched itself off.</summary>
    /// <exception cref="BoardException">It has not within the limit, or was killed.</exception>
    public void WaitForPowerOff(TimeSpan? limit = null)
    {
        if (!ended.Wait(limit ?? PowerOffLimit))
            throw Problem("the board does not switch off");
        if (endedBy is not null || qemu.ExitCode != 0)
            throw Problem("the board did not switch off in order");
    }

    /// <summary>
    /// Power fails, now. What a <see cref="VolatileDisk"/> was not told to flush is lost; a <see cref="FileDisk"/> keeps all
    /// that was written. Safe from any thread.
    /// </summary>
    public void PowerCut()
    {
        foreach (var disk in options.Disks)
            disk.Cut();
        Kill(PowerCutEnd);
    }

    /// <summary>Waits until power has failed, where a disk decides when.</summary>
    /// <exception cref="BoardException">It did not within the limit.</exception>
    public void WaitForPowerCut(TimeSpan? limit = null)
    {
        if (!ended.Wait(limit ?? CommandLimit))
            throw Problem("power was to fail, and did not");
    }

    public void Dispose()
    {
        Kill("the end of its use");
        foreach (var thread in threads)
            thread.Join();
        limit.Dispose();
        port.Dispose();
        qemu.Dispose();
        ready.Dispose();
        ended.Dispose();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>An exception with what the board said last.</summary>
    public BoardException Problem(string what) => new($"""
        {what}
        {(IsUp ? "The board is up." : $"The board has ended: {endedBy ?? $"QEMU's exit code is {qemu.ExitCode}"}.")}
        {Part("QEMU", complaints.ToString())}{Part("Console", Console)}{Part("Kernel", KernelLog)}{Part("Secure world", SecureLog)}
        """);

    private static string Part(string name, string text)
    {
        const int Lines = 40;
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 0 ? "" : $"--- {name} ---\n{string.Join('\n', lines.TakeLast(Lines))}\n";
    }

    private static void Copy(Stream from, Transcript to)
    {
        var bytes = new byte[4096];
        for (int n; (n = from.Read(bytes)) > 0;)
            to.Add(bytes.AsSpan(0, n));
        to.End();
    }

    private List<string> Arguments()
    {
        List<string> arguments =
        [
            options.Board.Name, "--folder", folder, "--firmware", Words(options.Firmware), "--port", Path.Combine(folder, "port"),
            "--secure-log", Path.Combine(folder, "secure.log"), "--memory", $"{options.MemoryMiB}",
            "--append", $"board.session={Words(options.Session)} {(options.ConsoleShell ? "board.console " : "")}{options.Append}",
        ];
        foreach (var disk in options.Disks)
            arguments.AddRange("--disk", disk.Argument);
        if (options.Sealdisk)
            arguments.AddRange("--file", $"{options.Board.Binary}=/usr/bin/sealdisk");
        foreach (var (path, source) in options.Files)
            arguments.AddRange("--file", $"{source}={path}");
        if (options.Tpm is { } tpm)
            arguments.AddRange("--tpm", tpm.Folder, "--tpm-version", tpm.Version);
        if (options.Share is { } share)
            arguments.AddRange("--share", share);
        return arguments;
    }

    private static string Words(Firmware firmware) => firmware switch
    {
        Firmware.Second => "second",
        Firmware.NoTa => "no-ta",
        _ => "default",
    };

    private static string Words(SessionKeyring session) => session switch
    {
        SessionKeyring.Fresh => "fresh",
        SessionKeyring.None => "none",
        _ => "login",
    };

    private BoardCommand NewCommand(string text)
    {
        lock (commands)
        {
            var command = new BoardCommand(this, ++lastNumber, text);
            commands.Add(command.Number, command);
            return command;
        }
    }

    private void Send(char type, BoardCommand command, ReadOnlySpan<byte> payload)
    {
        if (!port.Send(type, command.Number, payload) || !IsUp)
            command.Lose();
    }

    private void PutPiece(char type, string path, ReadOnlySpan<byte> payload)
    {
        var command = NewCommand($"write {path}");
        Send(type, command, payload);
        if (command.Wait() is { ExitCode: not 0 and var errno })
            throw Problem($"cannot write {path} on the board: errno {errno}");
    }

    private void Receive(char type, uint number, ReadOnlySpan<byte> payload)
    {
        if (type == 'H')
            ready.Set();
        if (type == 'L')
            kernel.Add(KernelMessages.Plain(payload));
        BoardCommand? command;
        lock (commands)
        {
            if (!commands.TryGetValue(number, out command))
                return;
        }

        switch (type)
        {
            case 'O': command.AddOutput(payload); break;
            case 'E': command.AddError(payload); break;
            case 'X': command.End((int)BinaryPrimitives.ReadUInt32LittleEndian(payload)); break;
        }
    }

    private void Follow(string name, ThreadStart body)
    {
        var thread = new Thread(body) { IsBackground = true, Name = $"board {name}" };
        threads.Add(thread);
        thread.Start();
    }

    private void WaitForEnd()
    {
        qemu.WaitForExit();
        secureLog = ReadSecureLog();
        port.Dispose();
        foreach (var disk in options.Disks)
            disk.Detach();
        ended.Set();
        lock (commands)
        {
            foreach (var command in commands.Values)
                command.Lose();
        }
    }

    private string ReadSecureLog()
    {
        var path = Path.Combine(folder, "secure.log");
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    private void Kill(string reason)
    {
        if (ended.IsSet)
            return;
        Interlocked.CompareExchange(ref endedBy, reason, null);
        try
        {
            qemu.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has just ended.
        }
        catch (Win32Exception)
        {
            // Likewise.
        }
    }
}
