using System.Diagnostics;
using Sealdisk.Linux;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;

namespace Sealdisk.Tests.Support;

/// <summary>
/// A TPM 2.0 of one's own: swtpm at a socket, in a process of its own. Each has seeds of its own, so two of them are two devices. Without a
/// resource manager: what is left loaded stays.
/// </summary>
internal sealed class SoftwareTpm : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private Process _process;

    public SoftwareTpm()
    {
        Assert.SkipUnless(SystemProgram.Find("swtpm") is not null, "this system has no swtpm");
        _process = Start();
    }

    /// <summary>What [source.tpm] has as device.</summary>
    public string Device => TpmDevice.SocketPrefix + _folder["socket"];

    /// <summary>Settings that name it.</summary>
    public TpmSettings Settings => TpmSettings.Default with { Device = Device };

    /// <summary>Switched off and on again: what is not persistent has gone, and the PCRs are as at a start.</summary>
    public void Restart()
    {
        Stop();
        _process = Start();
    }

    /// <summary>Runs one of tpm2-tools on it, which must succeed; its output.</summary>
    public string Tool(string name, params string[] arguments) =>
        Support.Tool.Run(name, [.. arguments, "-T", "swtpm:path=" + _folder["socket"]]);

    /// <summary>Handles of what is loaded now: objects and sessions, empty if all is as it should be.</summary>
    public string Loaded() => Tool("tpm2_getcap", "handles-transient") + Tool("tpm2_getcap", "handles-loaded-session");

    /// <summary>A path for a file of the test's own.</summary>
    public string File(string name) => _folder[name];

    public void Dispose()
    {
        Stop();
        _folder.Dispose();
    }

    private Process Start()
    {
        var socket = _folder["socket"];
        var process = Process.Start(new ProcessStartInfo(
            "swtpm",
            [
                "socket", "--tpm2", "--tpmstate", $"dir={Directory.CreateDirectory(_folder["state"]).FullName}",
                "--server", $"type=unixio,path={socket}", "--ctrl", $"type=unixio,path={socket}.ctrl",
                "--flags", "not-need-init,startup-clear", "--log", $"file={_folder["log"]}",
            ]))!;
        Assert.True(SpinWait.SpinUntil(Answers, Patience.Limit), "swtpm does not answer");
        return process;
    }

    private bool Answers()
    {
        try
        {
            TpmDevice.Open(Device).Dispose();
            return System.IO.File.Exists(_folder["socket"] + ".ctrl");
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private void Stop()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        System.IO.File.Delete(_folder["socket"]);
        System.IO.File.Delete(_folder["socket"] + ".ctrl");
    }

    /// <summary>A way to it that counts and may change what passes.</summary>
    /// <param name="pass">Takes a command and the way to the TPM, gives the reply.</param>
    internal Tpm2 Through(Func<byte[], Func<byte[], byte[]>, byte[]> pass) => new(command => pass(command, Exchange));

    private byte[] Exchange(byte[] command)
    {
        using var device = TpmDevice.Open(Device);
        return device.Exchange(command);
    }
}
