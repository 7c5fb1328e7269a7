using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>Splits mount options the way mount(8) does: the kernel's own flags apart from what is handed to the filesystem.</summary>
/// <param name="Flags">MS_* flags for mount(2).</param>
/// <param name="Data">The rest, comma separated, or null.</param>
public sealed record MountOptions(MountFlags Flags, string? Data)
{
    /// <summary>Parses options as written in the configuration; later ones win.</summary>
    public static MountOptions Parse(IEnumerable<string> options)
    {
        var flags = MountFlags.None;
        var data = new List<string>();
        foreach (var option in options)
        {
            if (Set(option) is { } set)
                flags |= set;
            else if (Clear(option) is { } clear)
                flags &= ~clear;
            else if (option is not ("defaults" or "auto" or "noauto" or "nofail" or "_netdev") && !option.StartsWith("x-", StringComparison.OrdinalIgnoreCase))
                data.Add(option);
        }
        return new MountOptions(flags, data.Count == 0 ? null : string.Join(',', data));
    }

    private static MountFlags? Set(string option) => option switch
    {
        "ro" => MountFlags.ReadOnly,
        "nosuid" => MountFlags.NoSetUserId,
        "nodev" => MountFlags.NoDevices,
        "noexec" => MountFlags.NoExecute,
        "sync" => MountFlags.Synchronous,
        "dirsync" => MountFlags.DirectorySync,
        "noatime" => MountFlags.NoAccessTime,
        "nodiratime" => MountFlags.NoDirectoryAccessTime,
        "relatime" => MountFlags.RelativeAccessTime,
        "strictatime" => MountFlags.StrictAccessTime,
        "lazytime" => MountFlags.LazyTime,
        "silent" => MountFlags.Silent,
        _ => null,
    };

    private static MountFlags? Clear(string option) => option switch
    {
        "rw" => MountFlags.ReadOnly,
        "suid" => MountFlags.NoSetUserId,
        "dev" => MountFlags.NoDevices,
        "exec" => MountFlags.NoExecute,
        "async" => MountFlags.Synchronous,
        "atime" => MountFlags.NoAccessTime,
        "diratime" => MountFlags.NoDirectoryAccessTime,
        "norelatime" => MountFlags.RelativeAccessTime,
        "nostrictatime" => MountFlags.StrictAccessTime,
        "nolazytime" => MountFlags.LazyTime,
        "loud" => MountFlags.Silent,
        _ => null,
    };
}
