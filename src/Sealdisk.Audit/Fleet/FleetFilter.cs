using Sealdisk.Linux;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Audit.Fleet;

/// <summary>
/// A filter. It reads one JSON object a line, with <c>device</c> (any string or number; optional), <c>blob</c> (hex), and optionally
/// <c>dna</c> and <c>uid</c> (hex). It writes one verdict a line in the same order, and at the end a line with the summary. A bad line
/// gives a verdict and never stops it. Memory grows with the input only by what <see cref="CloneFilter"/> takes.
/// </summary>
public static class FleetFilter
{
    /// <summary>The longest line, in bytes; a longer one is malformed.</summary>
    public const int LongestLine = 16384;

    private const int ChunkSize = 1 << 18;

    /// <summary>Runs until the input ends, or the reader of the output goes away.</summary>
    /// <exception cref="LinuxException">Input or output fails.</exception>
    public static FleetSummary Run(HukOracle oracle, FileDescriptor input, FileDescriptor output)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var clones = new CloneFilter();
        var verdicts = new VerdictWriter(output);
        var line = new FleetLine(oracle, clones, verdicts);
        var chunk = new byte[ChunkSize];
        var filled = 0;
        var skipping = false;
        try
        {
            while (input.Read(chunk.AsSpan(filled)) is > 0 and var got)
            {
                filled += got;
                var rest = chunk.AsSpan(0, filled);
                while (rest.IndexOf((byte)'\n') is >= 0 and var end)
                {
                    if (!skipping)
                        line.Judge(rest[..end]);
                    skipping = false;
                    rest = rest[(end + 1)..];
                }
                if (rest.Length > LongestLine)
                {
                    if (!skipping)
                        line.TooLong();
                    skipping = true;
                    rest = [];
                }
                rest.CopyTo(chunk);
                filled = rest.Length;
            }
            if (filled > 0 && !skipping)
                line.Judge(chunk.AsSpan(0, filled));
            line.Summary.CloneMemory = clones.Size;
            verdicts.Summary(line.Summary);
            verdicts.Flush();
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EPIPE)
        {
            // The reader has enough, as with '| head'.
        }
        return line.Summary;
    }
}
