using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>A program of the system that Sealdisk runs: mkfs.* and fsck.*; found in the system's own folders, not along PATH.</summary>
public static class SystemProgram
{
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"];

    /// <summary>What a finished program left.</summary>
    internal sealed record Result(int ExitCode, string Output, string Error);

    /// <summary>The program's path; null if this system does not have it.</summary>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end, with an empty standard input and the C locale.</summary>
    /// <param name="name">The program.</param>
    /// <param name="package">The Debian package that has it.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="SealdiskException">There is no such program here (exit code 5).</exception>
    internal static Result Run(string name, string package, params ReadOnlySpan<string> arguments)
    {
        var hint = $"install {package}";
        var path = Find(name) ?? throw SealdiskException.Lacking($"cannot run {name}: this system does not have it", hint);
        using var child = Start(path, hint, arguments);
        child.Input.Dispose();
        var (output, error) = child.ReadToEnd();
        return new Result(child.Wait(), Encoding.UTF8.GetString(output), Encoding.UTF8.GetString(error));
    }

    private static ChildProcess Start(string path, string hint, ReadOnlySpan<string> arguments)
    {
        try
        {
            return ChildProcess.Start(path, arguments, "LC_ALL=C");
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Lacking(problem.Message, hint);
        }
    }
}
