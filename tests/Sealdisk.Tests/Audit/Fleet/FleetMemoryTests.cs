using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Sealdisk.Tests.Audit.Fleet;

/// <summary>The published filter with ten times the input: its memory grows only by what the fingerprints of blobs need.</summary>
[Trait("needs", "native")]
public sealed class FleetMemoryTests
{
    private const int First = 60_000;
    private const int Later = 10 * First;

    /// <summary>What the process may take beyond the fingerprints: pages that a collection or a buffer touches late.</summary>
    private const long Slack = 3 << 20;

    [Fact]
    public void Memory_grows_by_16_bytes_a_blob_at_most()
    {
        string[] arguments = ["-c", "exec \"$0\" blob audit --ndjson - >/dev/null 2>&1", NativeBinary.Path];
        var start = new ProcessStartInfo("/bin/sh", arguments) { RedirectStandardInput = true };
        using var filter = Process.Start(start)!;
        try
        {
            var input = filter.StandardInput.BaseStream;
            var line = Encoding.ASCII.GetBytes($$"""{"device":"gw-0","blob":"00{{new string('5', 192)}}"}""" + "\n");
            // What was written and not yet read fits into a pipe: some hundred lines.
            Write(input, line, 0, First);
            var before = PeakKilobytes(filter.Id) << 10;
            Write(input, line, First, Later);
            var after = PeakKilobytes(filter.Id) << 10;
            Assert.InRange(after - before, 0, (16L * (Later - First)) + Slack);
            input.Close();
            Assert.True(filter.WaitForExit(Patience.Limit));
            Assert.Equal(0, filter.ExitCode); // no clone among them, and none known
        }
        finally
        {
            if (!filter.HasExited)
                filter.Kill();
        }
    }

    /// <summary>Lines whose blobs differ: the number is in the ciphertext.</summary>
    private static void Write(Stream input, byte[] line, int from, int to)
    {
        var at = line.Length - 3 - 16;
        for (var number = from; number < to; number++)
        {
            number.TryFormat(line.AsSpan(at, 16), out _, "x16", CultureInfo.InvariantCulture);
            input.Write(line);
        }
        input.Flush();
    }

    private static long PeakKilobytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(6).Trim(" \tkB"), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
