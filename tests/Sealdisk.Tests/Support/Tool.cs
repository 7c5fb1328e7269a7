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
        var start = new ProcessStartInfo(program, arguments);
        start.Environment["LC_ALL"] = "C";
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        var result = NativeBinary.Run(start);
        return (result.Exit, result.Stdout + result.Stderr);
    }
}
