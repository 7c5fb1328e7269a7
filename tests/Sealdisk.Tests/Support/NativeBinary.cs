using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sealdisk.Tests.Support;

/// <summary>
/// The published binary that ships: dist/RID/sealdisk, as ./build leaves it. Tests that use it carry [Trait("needs", "native")].
/// </summary>
internal static class NativeBinary
{
    /// <summary>Absolute path of the binary; a test fails, and is not skipped, where it is missing.</summary>
    public static string Path
    {
        get
        {
            var rid = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";
            var path = System.IO.Path.Combine(Golden.Root, "dist", rid, "sealdisk");
            Assert.True(File.Exists(path), $"there is no dist/{rid}/sealdisk: run ./build first");
            return path;
        }
    }

    /// <summary>Runs the binary with these arguments, in the current directory, with nothing on its standard input.</summary>
    public static ProgramResult Run(params string[] arguments) => Run(new ProcessStartInfo(Path, arguments));

    /// <summary>Runs any program to its end; one that outlives all patience is killed and fails the test.</summary>
    public static ProgramResult Run(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var stdout = process.StandardOutput.ReadToEndAsync();
        var stderr = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience.Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{Line(start)}: still running after {Patience.Limit}");
        }

        // A daemon that keeps its parent's output open hangs whoever reads that output to its end.
        if (!Task.WaitAll([stdout, stderr], Patience.Limit))
            Assert.Fail($"{Line(start)}: it has ended, but something it started still holds its standard output or error open");
        return new ProgramResult(process.ExitCode, stdout.Result, stderr.Result);
    }

    private static string Line(ProcessStartInfo start) => $"{start.FileName} {string.Join(' ', start.ArgumentList)}";
}

/// <summary>How a program ended and all that it wrote.</summary>
internal readonly record struct ProgramResult(int Exit, string Stdout, string Stderr);
