using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>A program of the system that Sealdisk runs: blkid, mkfs.*, fsck.*; found in the system's own folders, not along PATH.</summary>
internal static class SystemProgram
{
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"];

    /// <summary>What a finished program left.</summary>
    internal sealed record Result(int ExitCode, string Output, string Error);

    /// <summary>The program's path, or null where this system has none.</summary>
    internal static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end, with an empty standard input and the C locale.</summary>
    /// <exception cref="SealdiskException">There is no such program here (exit code 5).</exception>
    internal static Result Run(string name, params ReadOnlySpan<string> arguments)
    {
        var path = Find(name) ?? throw SealdiskException.Lacking($"cannot run {name}: this system has none", PackageHint(name));
        using var child = Start(name, path, arguments);
        child.Input.Dispose();
        var (output, error) = child.ReadToEnd();
        return new Result(child.Wait(), Encoding.UTF8.GetString(output), Encoding.UTF8.GetString(error));
    }

    private static ChildProcess Start(string name, string path, ReadOnlySpan<string> arguments)
    {
        try
        {
            return ChildProcess.Start(path, arguments, "LC_ALL=C");
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Lacking(problem.Message, PackageHint(name));
        }
    }

    private static string? PackageHint(string name) => name switch
    {
        "blkid" => "install util-linux (Debian: util-linux); busybox's blkid will not do",
        "mkfs.ext2" or "mkfs.ext3" or "mkfs.ext4" or "fsck.ext2" or "fsck.ext3" or "fsck.ext4" => "install e2fsprogs",
        "mkfs.xfs" => "install xfsprogs",
        "mkfs.btrfs" => "install btrfs-progs",
        "mkfs.f2fs" or "fsck.f2fs" => "install f2fs-tools",
        "mkfs.vfat" or "fsck.vfat" => "install dosfstools",
        _ => null,
    };
}
