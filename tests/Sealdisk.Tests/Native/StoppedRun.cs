using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Native;

/// <summary>
/// A run of a program, and of what it starts, that is stopped in every read, write at an offset, ioctl and mount that a thread makes, up to
/// some number of each, to look at. Other programs that it starts are stopped as well, and not looked at.
/// </summary>
internal static partial class StoppedRun
{
    private const string Calls = "read,pread64,pwrite64,ioctl,mount";
    private const int SIGCONT = 18;

    /// <param name="traceFile">To be written: the system calls made.</param>
    /// <param name="mostPerThread">How often a thread is stopped in each of these calls.</param>
    /// <param name="look">Called with the number of each process that is stopped.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>All that was said, and how often it was stopped.</returns>
    public static (string Output, int Stops) Of(
        string traceFile,
        int mostPerThread,
        Action<int> look,
        string program,
        params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "strace",
            [
                "-f", "-o", traceFile, "-s", "0", "-e", $"trace={Calls},write,execve",
                "-e", $"inject={Calls}:signal=SIGSTOP:when=1..{mostPerThread}", "--", program, .. arguments,
            ])
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
        var groups = new HashSet<int>();
        var sinceStop = Stopwatch.StartNew();
        using var trace = new StreamReader(new FileStream(traceFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = "";
        var clock = Stopwatch.StartNew();
        var idle = default(SpinWait);
        string? first = null;
        int? exit = null;
        while (exit is null && clock.Elapsed < Patience.Limit)
        {
            var more = trace.ReadToEnd();
            if (more.Length > 0)
                idle.Reset();
            text += more;
            foreach (var line in TakeLines(ref text))
            {
                first ??= line.Split(' ')[0];
                if (line.StartsWith($"{first} ", StringComparison.Ordinal) && line.Contains(" +++ exited with ", StringComparison.Ordinal))
                    exit = int.Parse(line.Split(' ')[^2], CultureInfo.InvariantCulture);
                if (!IsStop().IsMatch(line))
                    continue;
                var thread = int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
                if (GroupOf(thread) is not { } group)
                    continue;
                if (IsSame(program, group))
                {
                    stops++;
                    LookAt(group, look);
                }
                Continue(group);
                groups.Add(group);
                sinceStop.Restart();
            }
            // A stop that was not yet complete when it was ended stays: nobody else would end it.
            if (sinceStop.ElapsedMilliseconds > 200)
            {
                ContinueAll();
                sinceStop.Restart();
            }
            idle.SpinOnce();
        }
        // The tracer would go on with what the program has started, and so would the stops.
        process.Kill();
        process.WaitForExit();
        ContinueAll();
        Assert.True(exit == 0, $"exit code {exit} after {stops} stops: {output.Result}{errors.Result}");
        return (output.Result + errors.Result, stops);

        void ContinueAll()
        {
            foreach (var group in groups)
                Continue(group);
        }
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
        catch (Exception gone) when (gone is IOException or LinuxException { Errno: Errno.ESRCH or Errno.ENOENT })
        {
            // It ended meanwhile.
        }
    }

    private static bool IsSame(string program, int process)
    {
        try
        {
            return Directory.ResolveLinkTarget($"/proc/{process}/exe", returnFinalTarget: true)?.FullName == program;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static int? GroupOf(int thread)
    {
        try
        {
            return int.Parse(
                File.ReadLines($"/proc/{thread}/status").First(line => line.StartsWith("Tgid:", StringComparison.Ordinal))[5..],
                CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>One that has ended needs it no more.</summary>
    private static void Continue(int process) => _ = kill(process, SIGCONT);

#pragma warning disable SYSLIB1054 // LibraryImport wants unsafe code, which the tests do without.
    [DllImport("libc")]
    private static extern int kill(int process, int signal);
#pragma warning restore SYSLIB1054

    [GeneratedRegex(@"^\d+ +--- stopped by SIGSTOP ---", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IsStop();
}
