using System.Diagnostics;
using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// The opener's side of a starting server. The server is this very binary with the hidden verb <c>serve</c>; it reads one line of JSON,
/// answers "ready" once the kernel has accepted the mount, and serves on its own after "live".
/// </summary>
internal sealed class ServerLaunch : IDisposable
{
    private readonly Process _process;

    private ServerLaunch(Process process) => _process = process;

    internal ServerProcess Process => ServerProcess.Of(_process.Id);

    /// <summary>The binary to start; this process's own.</summary>
    private static string Program => Environment.ProcessPath ?? throw SealdiskException.Lacking("cannot start the data-path server: /proc is not mounted");

    internal static ServerLaunch Start(RuntimeFolder folder, MappingDescription description)
    {
        var start = new ProcessStartInfo(Program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.ArgumentList.Add("serve");
        start.ArgumentList.Add(description.Name);
        var launch = new ServerLaunch(System.Diagnostics.Process.Start(start)!);
        launch.Say(Encoding.UTF8.GetString(description.ToJson()));
        var answer = launch._process.StandardOutput.ReadLine();
        if (answer == "ready")
            return launch;
        var words = launch._process.StandardError.ReadToEnd().Trim();
        launch._process.WaitForExit();
        var code = (ExitCode)launch._process.ExitCode;
        launch.Dispose();
        throw new SealdiskException(
            Enum.IsDefined(code) && code != ExitCode.Done ? code : ExitCode.Failed,
            words.Length > 0 ? words : $"cannot start the data-path server of {folder.Name}: it ended with {(int)code} and no word");
    }

    /// <summary>Lets the server serve. With discards wanted, first settles whether this kernel's loop driver makes them safe.</summary>
    internal void GoLive(LoopDevice loop, bool discard)
    {
        Say(discard && LoopDiscards.Arm(loop) ? "live discard" : "live");
        _process.StandardInput.Close();
    }

    public void Dispose() => _process.Dispose();

    private void Say(string line)
    {
        _process.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
    }
}
