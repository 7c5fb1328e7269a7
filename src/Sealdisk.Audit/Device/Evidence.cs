namespace Sealdisk.Audit.Device;

/// <summary>What was read, and where. Never holds anything secret.</summary>
/// <param name="Path">A path as seen from the root, or the name of something that is not a file, such as "kernel log".</param>
/// <param name="What">What it said.</param>
public sealed record Evidence(string Path, string What)
{
    private const int Longest = 160;

    /// <summary>What reading a file gave: its text on one line, cut if it is long, or why there is none.</summary>
    internal static Evidence Of(Reading reading)
    {
        if (!reading.Ok)
            return new Evidence(reading.Path, reading.Problem ?? "absent");
        var text = new string([.. reading.Text.Select(letter => char.IsControl(letter) ? ' ' : letter)]);
        return new Evidence(reading.Path, text.Length > Longest ? text[..Longest] + "..." : text);
    }

    /// <summary>A word of the kernel's command line, or that there is none.</summary>
    internal static Evidence OnCommandLine(string what) => new(KernelCommandLine.FilePath, what);

    /// <summary>A message of the kernel's log, or that there is none.</summary>
    internal static Evidence InKernelLog(string what) => new("kernel log", what);
}
