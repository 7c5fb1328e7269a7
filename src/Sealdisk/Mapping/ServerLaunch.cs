using System.Diagnostics;
using System.Globalization;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// The opener's side of a starting server. The server is this very binary with the hidden verb <c>serve</c>;
/// <see cref="FuseServerProcess"/> describes the conversation.
/// </summary>
internal sealed class ServerLaunch : IDisposable
{
    private readonly Process _process;

    private ServerLaunch(Process process) => _process = process;

    /// <summary>Starts the server and waits until its file is there.</summary>
    /// <exception cref="SealdiskException">It ended instead: its own message and exit code.</exception>
    internal static ServerLaunch Start(RuntimeFolder folder, ServeRequest request)
    {
        var program = Environment.ProcessPath ?? throw SealdiskException.Lacking("cannot start the data-path server: /proc is not mounted");
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.ArgumentList.Add("serve");
        start.ArgumentList.Add(folder.Name);
        var launch = new ServerLaunch(Process.Start(start)!);
        launch.Say(request.ToLine());
        if (launch._process.StandardOutput.ReadLine() == FuseServerProcess.ReadyLine)
        {
            using var pid = FileDescriptor.Open(folder.ServerPid, OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate, 0b110_000_000);
            pid.WriteAt(System.Text.Encoding.ASCII.GetBytes(launch._process.Id.ToString(CultureInfo.InvariantCulture) + "\n"), 0);
            return launch;
        }

        var words = launch._process.StandardError.ReadToEnd().Trim();
        launch._process.WaitForExit();
        var code = (ExitCode)launch._process.ExitCode;
        launch.Dispose();
        throw Failure(folder.Name, words, code);
    }

    /// <summary>
    /// Where discards are wanted: settles whether this kernel's loop driver makes them safe, and tells the server, which waits for it. Until
    /// the server has answered, nobody may write through the loop device.
    /// </summary>
    internal void SettleDiscards(LoopDevice loop)
    {
        Say(loop.StopWriteZeroes() ? FuseServerProcess.LiveDiscard : FuseServerProcess.Live);
        if (_process.StandardOutput.ReadLine() != FuseServerProcess.Live)
            throw SealdiskException.Failed($"cannot serve through {loop.Path}: the server ended while discards were being settled");
    }

    public void Dispose() => _process.Dispose();

    private void Say(string line)
    {
        _process.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
    }

    /// <summary>The server's own words: "sealdisk: cannot ...", then perhaps "  hint: ...".</summary>
    private static SealdiskException Failure(string name, string words, ExitCode code)
    {
        var lines = words.Split('\n');
        var message = lines[0].StartsWith("sealdisk: ", StringComparison.Ordinal) ? lines[0]["sealdisk: ".Length..] : lines[0];
        var hint = lines.Skip(1).Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("hint: ", StringComparison.Ordinal))?["hint: ".Length..];
        return new SealdiskException(
            code == ExitCode.Done || !Enum.IsDefined(code) ? ExitCode.Failed : code,
            message.Length > 0 ? message : $"cannot open mapping {name}: its server ended with exit code {(int)code} and no word",
            hint);
    }
}
