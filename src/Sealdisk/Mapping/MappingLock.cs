using System.Diagnostics;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// Holds off every other sealdisk that opens or closes something under the same name or on the same device, until disposed. By name and
/// by device, not for all at once: a volume whose disk is stuck must not keep the others down.
/// </summary>
internal sealed class MappingLock : IDisposable
{
    /// <summary>
    /// The locked files; empty, and never removed, since a removed file can still be locked by a process that waits for it.
    /// </summary>
    internal const string Folder = RuntimeFolder.Root + "/.turns";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly FileDescriptor _name;
    private readonly FileDescriptor? _device;

    private MappingLock(FileDescriptor name, FileDescriptor? device)
    {
        _name = name;
        _device = device;
    }

    /// <summary>Waits for its turn, which a filesystem being made on a big device may delay by minutes.</summary>
    /// <param name="name">The mapping's name.</param>
    /// <param name="device">The path of the device, if it is about to be written or opened; null to close something.</param>
    /// <exception cref="SealdiskException">The turn has not come within ten minutes.</exception>
    internal static MappingLock Take(string name, string? device)
    {
        // Always the name first and the device last, so that two of them cannot wait for each other.
        var byName = Lock($"name-{name}");
        try
        {
            return new MappingLock(byName, device is null ? null : Lock($"device-{DeviceKey(device):x16}"));
        }
        catch
        {
            byName.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _device?.Dispose();
        _name.Dispose();
    }

    private static FileDescriptor Lock(string file)
    {
        var path = Path.Combine(Folder, file);
        var descriptor = Open(path);
        var waited = Stopwatch.StartNew();
        while (!descriptor.TryLock())
        {
            if (waited.Elapsed > Limit)
            {
                descriptor.Dispose();
                throw SealdiskException.Failed(
                    $"cannot begin: another sealdisk has been working on it for {Limit.TotalMinutes:0} minutes (EAGAIN)",
                    $"find it with 'fuser -v {path}'");
            }
            Thread.Sleep(Pause);
        }
        return descriptor;
    }

    private static FileDescriptor Open(string path)
    {
        const OpenFlags Flags = OpenFlags.ReadWrite | OpenFlags.Create;
        const int Mode = Permissions.Mode0600;
        try
        {
            return FileDescriptor.Open(path, Flags, Mode);
        }
        catch (LinuxException first) when (first.Errno == Errno.ENOENT)
        {
            DirectoryEntries.MakeDirectory(RuntimeFolder.Root, Permissions.Mode0755);
            DirectoryEntries.MakeDirectory(Folder, Permissions.Mode0700);
            return FileDescriptor.Open(path, Flags, Mode);
        }
    }

    /// <summary>FNV-1a of the path behind any symbolic link; two paths with one key merely wait for each other.</summary>
    private static ulong DeviceKey(string device)
    {
        var path = new FileInfo(device) is { LinkTarget: not null } link
            ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName
            : Path.GetFullPath(device);
        var key = 14695981039346656037;
        foreach (var letter in path)
            key = (key ^ letter) * 1099511628211;
        return key;
    }
}
