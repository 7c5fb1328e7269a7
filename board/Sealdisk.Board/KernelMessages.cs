using System.Globalization;
using System.Text;

namespace Sealdisk.Board;

/// <summary>Records of /dev/kmsg as lines of a log: without priority and sequence number, and without the fields after the text.</summary>
internal static class KernelMessages
{
    /// <summary>
    /// Whole records, "priority,sequence,microseconds,flags;text" and lines that begin with a space, each ended by a line feed.
    /// </summary>
    public static byte[] Plain(ReadOnlySpan<byte> records)
    {
        var plain = new StringBuilder();
        foreach (var line in Encoding.UTF8.GetString(records).Split('\n'))
        {
            var text = line.IndexOf(';', StringComparison.Ordinal);
            if (line.StartsWith(' ') || text < 0)
                continue;
            var fields = line[..text].Split(',');
            if (fields.Length > 2 && long.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds))
                plain.Append(CultureInfo.InvariantCulture, $"[{microseconds / 1e6,12:F6}] {line[(text + 1)..]}\n");
        }

        return Encoding.UTF8.GetBytes(plain.ToString());
    }
}
