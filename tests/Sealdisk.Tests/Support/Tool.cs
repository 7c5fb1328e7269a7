using System.Diagnostics;

namespace Sealdisk.Tests.Support;

/// <summary>
/// Programs of the system as clients and judges of what is served: a separate process cannot hang together with the test.
/// </summary>
internal static class Tool
{
    /// <summary>Runs a program that must succeed; returns what it printed on both streams.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var (code, output) = Try(program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}: {output}");
        return output;
    }

    /// <summary>Runs a shell script that must succeed, with $1 and so on.</summary>
    public static string Shell(string script, params string[] arguments) => Run("/bin/sh", ["-euc", script, "sh", .. arguments]);

    /// <summary>Runs a program and says how it went.</summary>
    public static (int Code, string Output) Try(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C";
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience.Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end");
        }
        process.WaitForExit();
        return (process.ExitCode, output.Result + errors.Result);
    }
}
