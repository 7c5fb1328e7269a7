namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// A filesystem that Sealdisk makes, checks and mounts, and everything that it knows about one. To add a filesystem, write a class like
/// <see cref="Xfs"/> and name it in <see cref="All"/>; configuration, doctor, life cycle and messages follow.
/// </summary>
public sealed class FilesystemType
{
    /// <summary>The type of a volume whose configuration names none.</summary>
    public static FilesystemType Default => Ext.Type4;

    /// <summary>Every type, in the order in which messages name them.</summary>
    public static IReadOnlyList<FilesystemType> All => Table.Types;

    /// <summary>The name that the kernel, mkfs and blkid use, such as <c>ext4</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The Debian package that has <see cref="Mkfs"/> and <see cref="Fsck"/>.</summary>
    public required string Package { get; init; }

    /// <summary>Finds the superblock at the start of a volume.</summary>
    public required SuperblockReader ReadSuperblock { get; init; }

    /// <summary>The program that makes it.</summary>
    public required MkfsProgram Mkfs { get; init; }

    /// <summary>The program that checks it before it is mounted; null if the kernel does all that is needed when it mounts it.</summary>
    public FsckProgram? Fsck { get; init; }

    /// <summary>
    /// The smallest volume, in bytes, on which <see cref="Mkfs"/> of Debian 12 makes one without further options. Other versions differ, so
    /// this explains a failure and forbids nothing.
    /// </summary>
    public required long SmallestSize { get; init; }

    /// <summary>True if its superblock can survive when another filesystem is made over it: both together are no contradiction.</summary>
    public bool MayShare { get; init; }

    /// <summary>The type of that name; null if Sealdisk does not make it.</summary>
    public static FilesystemType? Find(string name) => All.FirstOrDefault(type => type.Name == name);

    /// <summary>The type of that name.</summary>
    /// <exception cref="SealdiskException">Sealdisk does not make it (exit code 2).</exception>
    public static FilesystemType Named(string name) => Find(name) ?? throw SealdiskException.Usage(
        $"cannot use filesystem {name}: Sealdisk makes {string.Join(", ", All.SkipLast(1))} and {All[^1]}");

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    /// <summary>A class of its own, so that the instances can be made before it is.</summary>
    private static class Table
    {
        internal static readonly IReadOnlyList<FilesystemType> Types =
            [Ext.Type2, Ext.Type3, Ext.Type4, Xfs.Type, Btrfs.Type, F2fs.Type, Vfat.Type];
    }
}
