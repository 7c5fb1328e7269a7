using System.Diagnostics;

namespace Sealdisk.Tests.Scripts;

/// <summary>
/// Processes, mounts and loop devices that a script made. A process is known by the marker in its environment, which its children
/// inherit; a mount or a loop device by the script's temporary directory, which a fuse mapping names as its source.
/// </summary>
internal static class Leftovers
{
    /// <summary>The environment variable whose value, the script's temporary directory, marks the script's processes.</summary>
    public const string Marker = "SEALDISK_SCRIPT_DIRECTORY";

    private const string RunDirectory = "/run/sealdisk";

    internal enum Kind { Process, Mount, Loop }

    /// <param name="Kind">What it is.</param>
    /// <param name="Handle">What removes it: process id, mount point, device.</param>
    /// <param name="Text">What the kernel says of it.</param>
    internal readonly record struct Leftover(Kind Kind, string Handle, string Text)
    {
        public override string ToString() => $"{Kind} {Handle}: {Text}";
    }

    public static List<Leftover> Find(string directory) => [.. Processes(directory), .. Mounts(directory), .. Loops(directory)];

    /// <summary>Waits a little for what is just ending, then removes what is still there.</summary>
    /// <returns>What had to be removed.</returns>
    public static List<Leftover> Remove(string directory, IReadOnlyList<Leftover> before, TimeSpan patience)
    {
        List<Leftover> left = [];
        if (SpinWait.SpinUntil(() => (left = [.. Find(directory).Except(before)]).Count == 0, patience))
            return [];

        // Inner mounts first; then the servers behind them; then the devices under them.
        foreach (var mount in left.Where(item => item.Kind == Kind.Mount).Reverse())
            Run("umount", "-l", mount.Handle);
        foreach (var process in left.Where(item => item.Kind == Kind.Process))
            Kill(int.Parse(process.Handle));
        foreach (var loop in left.Where(item => item.Kind == Kind.Loop))
            Run("losetup", "-d", loop.Handle);
        return left;
    }

    private static IEnumerable<Leftover> Processes(string directory)
    {
        foreach (var path in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(path), out var id) || TryRead($"{path}/environ") is not { } environment)
                continue;
            if (environment.Split('\0').Contains($"{Marker}={directory}", StringComparer.Ordinal))
                yield return new Leftover(Kind.Process, id.ToString(), (TryRead($"{path}/cmdline") ?? "").Replace('\0', ' ').TrimEnd());
        }
    }

    private static IEnumerable<Leftover> Mounts(string directory) =>
        from line in File.ReadAllLines("/proc/self/mountinfo")
        where line.Contains(directory, StringComparison.Ordinal)
        select new Leftover(Kind.Mount, line.Split(' ')[4], line);

    private static IEnumerable<Leftover> Loops(string directory)
    {
        foreach (var path in Directory.EnumerateDirectories("/sys/block", "loop*"))
        {
            if (TryRead($"{path}/loop/backing_file") is { } backing && IsOf(backing, directory))
                yield return new Leftover(Kind.Loop, "/dev/" + Path.GetFileName(path), backing.TrimEnd());
        }
    }

    /// <summary>A fuse mapping belongs to the script that has the mapped device; others may be at work on this machine.</summary>
    private static bool IsOf(string backing, string directory) =>
        backing.Contains(directory, StringComparison.Ordinal)
        || (backing.StartsWith(RunDirectory, StringComparison.Ordinal)
            && TryRead(Path.Combine(Path.GetDirectoryName(backing)!, "mapping"))?.Contains(directory, StringComparison.Ordinal) == true);

    /// <summary>The file's text; null if it is not there, has gone meanwhile, or is somebody else's.</summary>
    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            process.WaitForExit(Patience.Limit);
        }
        catch (ArgumentException)
        {
            // It has ended by itself meanwhile.
        }
    }

    private static void Run(string program, params string[] arguments) => NativeBinary.Run(new ProcessStartInfo(program, arguments));
}
