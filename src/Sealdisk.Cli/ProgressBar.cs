using System.Diagnostics;

namespace Sealdisk.Cli;

/// <summary>A bar on standard error, for a person at a terminal; silent otherwise. Told from several threads.</summary>
internal sealed class ProgressBar(Terminal terminal, string label, long total) : IDisposable
{
    private const int Width = 30;
    private static readonly long Interval = Stopwatch.Frequency / 10;

    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _last;

    internal void Report(long done)
    {
        if (!terminal.IsInteractive)
            return;
        lock (_lock)
        {
            var now = Stopwatch.GetTimestamp();
            if (now - _last < Interval && done < total)
                return;
            _last = now;
            var seconds = Math.Max((now - _start) / (double)Stopwatch.Frequency, 0.001);
            var filled = (int)(Width * done / total);
            StandardStream.Error.Write(
                $"\r{label} [{new string('#', filled)}{new string('.', Width - filled)}] {100 * done / total,3}%  {ByteText.Of(done)}"
                    + $" of {ByteText.Of(total)}, {ByteText.Of((long)(done / seconds))}/s   ");
        }
    }

    public void Dispose()
    {
        if (terminal.IsInteractive && _last != 0)
            StandardStream.Error.WriteLine();
    }
}
