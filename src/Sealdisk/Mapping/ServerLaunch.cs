using System.Globalization;
using System.Text;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// The opener's side of a starting server. The server is this very binary with the hidden verb <c>serve</c>;
/// <see cref="FuseServerProcess"/> describes the conversation.
/// </summary>
internal sealed class ServerLaunch : IDisposable
{
    private readonly ChildProcess _process;

    private ServerLaunch(ChildProcess process) => _process = process;

    /// <summary>Starts the server and waits until its file is there.</summary>
    /// <exception cref="SealdiskException">It ended instead: its own message and exit code.</exception>
    internal static ServerLaunch Start(RuntimeFolder folder, ServeRequest request)
    {
        var program = Environment.ProcessPath ?? throw SealdiskException.Lacking("cannot start the data-path server: /proc is not mounted");
        var launch = new ServerLaunch(ChildProcess.Start(program, ["serve", folder.Name]));
        launch.Say(request.ToLine());
        if (launch.Hear() == FuseServerProcess.ReadyLine)
        {
            const OpenFlags Fresh = OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate;
            using var pid = FileDescriptor.Open(folder.ServerPid, Fresh, Permissions.Mode0600);
            pid.WriteAt(Encoding.ASCII.GetBytes(launch._process.Id.ToString(CultureInfo.InvariantCulture) + "\n"), 0);
            return launch;
        }

        var words = Encoding.UTF8.GetString(launch._process.ReadToEnd().Error).Trim();
        var code = (ExitCode)launch._process.Wait();
        launch.Dispose();
        throw Failure(folder.Name, words, code);
    }

    /// <summary>
    /// If discards are wanted: settles whether this kernel's loop driver makes them safe, and tells the server, which waits for it.
    /// Until the server has answered, nothing may write through the loop device.
    /// </summary>
    internal void SettleDiscards(LoopDevice loop)
    {
        Say(loop.StopWriteZeroes() ? FuseServerProcess.LiveDiscard : FuseServerProcess.Live);
        if (Hear() != FuseServerProcess.Live)
            throw SealdiskException.Failed($"cannot serve through {loop.Path}: the server ended while discards were being settled");
    }

    public void Dispose() => _process.Dispose();

    private void Say(string line)
    {
        try
        {
            _process.Input.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EPIPE)
        {
            // It has ended already; why, is asked when no answer comes.
        }
    }

    /// <summary>A line without its end; null if the server has ended.</summary>
    private string? Hear()
    {
        var line = new StringBuilder();
        Span<byte> next = stackalloc byte[1];
        while (_process.Output.Read(next) == 1)
        {
            if (next[0] == '\n')
                return line.ToString();
            line.Append((char)next[0]);
        }
        return null;
    }

    /// <summary>The server's own words: "sealdisk: cannot ...", then perhaps "  hint: ...".</summary>
    private static SealdiskException Failure(string name, string words, ExitCode code)
    {
        var lines = words.Split('\n');
        var message = lines[0].StartsWith("sealdisk: ", StringComparison.Ordinal) ? lines[0]["sealdisk: ".Length..] : lines[0];
        var hint = lines.Skip(1).Select(line => line.Trim()).FirstOrDefault(
            line => line.StartsWith("hint: ", StringComparison.Ordinal))?["hint: ".Length..];
        return new SealdiskException(
            code == ExitCode.Done || !Enum.IsDefined(code) ? ExitCode.Failed : code,
            message.Length > 0 ? message : $"cannot open mapping {name}: its server ended with exit code {(int)code} and no word",
            hint);
    }
}
