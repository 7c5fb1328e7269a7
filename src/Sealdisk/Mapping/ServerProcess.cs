using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// The process that serves a mapping, told apart from any later one with the same number by its start time (field 22 of
/// /proc/PID/stat, in clock ticks since boot; proc_pid_stat(5)).
/// </summary>
/// <param name="Id">Process number.</param>
/// <param name="StartTime">Clock ticks since boot.</param>
internal sealed record ServerProcess(int Id, ulong StartTime)
{
    private const int StartTimeAfterName = 19;

    /// <summary>True while that very process runs.</summary>
    internal bool IsAlive => StartTimeOf(Id) == StartTime;

    internal static ServerProcess Of(int id) => new(id, StartTimeOf(id) ?? 0);

    internal static ServerProcess? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        var fields = File.ReadAllText(path).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 2
            && int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && ulong.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? new ServerProcess(id, start)
            : null;
    }

    internal void Write(string path)
    {
        using var file = FileDescriptor.Open(path, OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate, 0b110_000_000);
        file.WriteAt(System.Text.Encoding.ASCII.GetBytes($"{Id} {StartTime}\n"), 0);
    }

    private static ulong? StartTimeOf(int id)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{id}/stat");
        }
        catch (IOException)
        {
            return null; // no such process, or gone while we looked
        }
        // The name is in brackets and may hold anything, brackets and spaces included: count fields after its last bracket.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var isGone = fields[0] is "Z" or "X";
        return isGone ? null : ulong.Parse(fields[StartTimeAfterName], CultureInfo.InvariantCulture);
    }
}
