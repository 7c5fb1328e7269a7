using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

/// <summary>A server in a process of its own: this very test program, which turns into one when told so by its environment.</summary>
internal sealed class ServerChild : IDisposable
{
    private const string Variable = "SEALDISK_TEST_SERVER";

    private readonly Process _process;

    public ServerChild(ServeRequest request)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(ServerChild).Assembly.Location);
        start.Environment[Variable] = "1";
        _process = Process.Start(start)!;
        Say(request.ToLine());
    }

    public int Id => _process.Id;

    public void Say(string line)
    {
        _process.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
    }

    public void HangUp() => _process.StandardInput.Close();

    public string? Hear()
    {
        var line = _process.StandardOutput.ReadLineAsync();
        Assert.True(line.Wait(Patience.Limit), "the server says nothing");
        return line.Result;
    }

    /// <summary>Waits until it has ended; its exit code and what it wrote to standard error.</summary>
    public (int Code, string Errors) End()
    {
        Assert.True(_process.WaitForExit(Patience.Limit), "the server does not end");
        return (_process.ExitCode, _process.StandardError.ReadToEnd());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

#pragma warning disable CA2255 // This is no library: it is how the test program becomes the child before its main method runs.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void BecomeServer()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
            return;
        try
        {
            FuseServerProcess.Run(request =>
            {
                var (offset, length, unit) = (request.Offset, request.Length, request.SectorSize);
                var file = FileDevice.Open(request.Device, offset, length, isExclusive: true, directSectorSize: unit);
                return ServedVolume.Encrypted(file, unit);
            });
            Environment.Exit(0);
        }
        catch (Exception exception) when (exception is LinuxException or FormatException)
        {
            Console.Error.WriteLine(exception.Message);
            Environment.Exit(1);
        }
    }
}
