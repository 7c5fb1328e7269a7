using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// Where what is open right now is kept: <c>/run/sealdisk/NAME/</c>, mode 0700, on the system's tmpfs and so gone after a reboot.
/// It holds <c>volume</c> (the mount point of the FUSE mapping), <c>mapping</c> (what is mapped, without any key),
/// <c>server.pid</c> and <c>server.log</c>.
/// </summary>
internal sealed class RuntimeFolder
{
    internal const string Root = "/run/sealdisk";
    private const int OwnerOnly = Permissions.Mode0700;

    internal RuntimeFolder(string name)
    {
        Name = name;
        Path = System.IO.Path.Combine(Root, name);
    }

    internal string Name { get; }

    internal string Path { get; }

    /// <summary>The decrypted volume, as one file.</summary>
    internal string Volume => System.IO.Path.Combine(Path, "volume");

    internal string Description => System.IO.Path.Combine(Path, "mapping");

    internal string ServerPid => System.IO.Path.Combine(Path, "server.pid");

    internal string ServerLog => System.IO.Path.Combine(Path, "server.log");

    /// <summary>The names of all folders, in ordinal order; none if nothing was ever opened since boot.</summary>
    internal static IReadOnlyList<string> Names() =>
        DirectoryEntries.Names(Root).Where(name => name[0] != '.').Order(StringComparer.Ordinal).ToArray();

    internal void Create()
    {
        DirectoryEntries.MakeDirectory(Root, Permissions.Mode0755);
        DirectoryEntries.MakeDirectory(Path, OwnerOnly);
        if (FileStatus.TryOf(Volume) is null)
            DirectoryEntries.CreateFile(Volume).Dispose();
    }

    /// <summary>Removes the folder and everything Sealdisk put in it; nothing may be mounted there any more.</summary>
    internal void Remove()
    {
        foreach (var file in new[] { Volume, Description, ServerPid, ServerLog })
            DirectoryEntries.Unlink(file);
        DirectoryEntries.RemoveDirectory(Path);
    }
}
