using System.Globalization;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>One line of /proc/self/mountinfo (proc_pid_mountinfo(5)), its octal escapes decoded.</summary>
/// <param name="Id">The mount's number.</param>
/// <param name="ParentId">The mount it sits on.</param>
/// <param name="Device">Device of the files below it.</param>
/// <param name="Root">Directory of the filesystem that forms the root of this mount.</param>
/// <param name="Target">The mount point.</param>
/// <param name="Options">Per-mount options, such as "rw,noatime".</param>
/// <param name="Type">Filesystem type.</param>
/// <param name="Source">What was mounted, in the filesystem's own words.</param>
/// <param name="SuperOptions">Options of the filesystem.</param>
public sealed record MountEntry(
    int Id, int ParentId, DeviceNumber Device, string Root, string Target, string Options, string Type, string Source, string SuperOptions)
{
    /// <summary>Parses a line.</summary>
    /// <exception cref="FormatException">It is not one of mountinfo.</exception>
    public static MountEntry Parse(string line)
    {
        var fields = line.Split(' ');
        var dash = Array.IndexOf(fields, "-", Math.Min(6, fields.Length)); // optional fields end at a lone dash
        if (dash < 0 || fields.Length < dash + 4
            || fields[2].Split(':') is not [var majorText, var minorText]
            || !int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var parent)
            || !uint.TryParse(majorText, NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !uint.TryParse(minorText, NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
            throw new FormatException($"cannot read '{line}': it is not a line of mountinfo");
        return new MountEntry(
            id, parent, new DeviceNumber(major, minor), Decode(fields[3]), Decode(fields[4]), fields[5], Decode(fields[dash + 1]),
            Decode(fields[dash + 2]), fields[dash + 3]);
    }

    /// <summary>Space, tab, newline and backslash come as a backslash and three octal digits of one byte.</summary>
    private static string Decode(string text)
    {
        if (!text.Contains('\\'))
            return text;
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) && IsOctal(text[i + 3]))
            {
                bytes.Add((byte)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                var length = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, length)));
                i += length - 1;
            }
        }
        return Encoding.UTF8.GetString([.. bytes]);

        static bool IsOctal(char c) => c is >= '0' and <= '7';
    }
}
