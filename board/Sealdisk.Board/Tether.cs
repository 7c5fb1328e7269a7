using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sealdisk.Board;

/// <summary>Starts programs that the kernel kills when this process ends, however it ends.</summary>
internal static class Tether
{
    // The kernel's PR_SET_PDEATHSIG acts when the thread that started the program ends, so that must be a thread that never does.
    private static readonly BlockingCollection<Action> Work = [];

    static Tether() => new Thread(() =>
    {
        foreach (var action in Work.GetConsumingEnumerable())
            action();
    }) { IsBackground = true, Name = "tether" }.Start();

    public static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", "--", program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var started = new TaskCompletionSource<Process>();
        Work.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (System.ComponentModel.Win32Exception e)
            {
                started.SetException(new BoardException($"cannot run setpriv: {e.Message}"));
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }
}
