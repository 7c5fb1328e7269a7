using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Native;

/// <summary>A run of a program, and of what it starts, that is stopped in every read and write at an offset and in every ioctl, to look at.</summary>
internal static partial class StoppedRun
{
    private const string Calls = "pread64,pwrite64,ioctl,mount,fsync,fdatasync";

    /// <param name="traceFile">To be written: the system calls made.</param>
    /// <param name="look">Called with the number of each process that is stopped.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>All that was said, and how often it was stopped.</returns>
    public static (string Output, int Stops) Of(string traceFile, Action<int> look, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("strace", ["-f", "-o", traceFile, "-e", $"trace={Calls},write,execve", "-e", $"inject={Calls}:signal=SIGSTOP", "--", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        File.WriteAllText(traceFile, "");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var stops = 0;
        var groups = new List<int>();
        using var trace = new StreamReader(new FileStream(traceFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = "";
        var clock = Stopwatch.StartNew();
        // The tracer ends with the last process, and a server goes on: the standard output ends with the program.
        while (!(output.IsCompleted && errors.IsCompleted) && clock.Elapsed < TimeSpan.FromMinutes(3))
        {
            text += trace.ReadToEnd();
            foreach (var line in TakeLines(ref text))
            {
                if (!IsStop().IsMatch(line))
                    continue;
                var thread = int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
                if (GroupOf(thread) is not { } group)
                    continue;
                stops++;
                LookAt(group, look);
                Continue(group);
                groups.Add(group);
            }
            Thread.Yield();
        }
        // Whoever goes on, goes on alone.
        process.Kill();
        process.WaitForExit();
        groups.ForEach(Continue);
        Assert.True(output.IsCompleted && errors.IsCompleted, $"the stopped run did not end; {stops} stops");
        return (output.Result + errors.Result, stops);
    }

    private static IEnumerable<string> TakeLines(ref string text)
    {
        var end = text.LastIndexOf('\n') + 1;
        var lines = text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        text = text[end..];
        return lines;
    }

    private static void LookAt(int group, Action<int> look)
    {
        try
        {
            look(group);
        }
        catch (Exception gone) when (gone is IOException or Sealdisk.Linux.LinuxException { Errno: Sealdisk.Linux.Errno.ESRCH or Sealdisk.Linux.Errno.ENOENT })
        {
            // It ended meanwhile.
        }
    }

    private static int? GroupOf(int thread)
    {
        try
        {
            return int.Parse(File.ReadLines($"/proc/{thread}/status").First(line => line.StartsWith("Tgid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void Continue(int process) => DataPath.Tool.Try("kill", "-CONT", process.ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^\d+ +--- stopped by SIGSTOP ---", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IsStop();
}
