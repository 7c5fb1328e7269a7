using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// Making, renaming and removing names. A change of names is durable once <see cref="Sync"/> of the directory has returned.
/// </summary>
public static partial class DirectoryEntries
{
    /// <summary>Opens a directory and fsyncs it, so that the names in it survive a power cut.</summary>
    public static void Sync(string directory)
    {
        using var descriptor = FileDescriptor.Open(directory, OpenFlags.Read | OpenFlags.Directory);
        descriptor.Sync();
    }

    /// <summary>Syncs the directory that a path is in.</summary>
    public static void SyncParent(string path) => Sync(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");

    /// <summary>rename(2): atomically replaces <paramref name="to"/>, which must be on the same filesystem.</summary>
    public static void Rename(string from, string to)
    {
        if (rename(from, to) != 0)
            throw LinuxException.Last("rename to", to);
    }

    /// <summary>unlink(2); false if there was no such name.</summary>
    public static bool Unlink(string path)
    {
        if (unlink(path) == 0)
            return true;
        return ErrnoExtensions.Last() == Errno.ENOENT ? false : throw LinuxException.Last("remove", path);
    }

    /// <summary>rmdir(2); false if there was no such directory.</summary>
    public static bool RemoveDirectory(string path)
    {
        if (rmdir(path) == 0)
            return true;
        return ErrnoExtensions.Last() == Errno.ENOENT ? false : throw LinuxException.Last("remove directory", path);
    }

    /// <summary>mkdir(2); a directory that exists already is left as it is. The parent must exist.</summary>
    public static void MakeDirectory(string path, int mode)
    {
        if (mkdir(path, (uint)mode) == 0)
            return;
        var errno = ErrnoExtensions.Last();
        if (errno != Errno.EEXIST || FileStatus.TryOf(path)?.Kind != FileKind.Directory)
            throw new LinuxException(errno, "make directory", path);
    }

    /// <summary>The names in a directory, in no order; none if there is no such directory.</summary>
    public static unsafe IReadOnlyList<string> Names(string directory)
    {
        var names = new List<string>();
        try
        {
            using var descriptor = FileDescriptor.Open(directory, OpenFlags.Read | OpenFlags.Directory);
            var buffer = stackalloc byte[EntriesRoom];
            while (true)
            {
                // SAFETY: the kernel writes whole entries, and no more than there is room for.
                var got = getdents64(descriptor, buffer, EntriesRoom);
                if (got < 0)
                    throw LinuxException.Last("list", directory);
                if (got == 0)
                    return names;
                for (var at = 0; at < got; at += *(ushort*)(buffer + at + EntryLength))
                {
                    if (Marshal.PtrToStringUTF8((nint)(buffer + at + EntryName)) is { } name and not ("." or ".."))
                        names.Add(name);
                }
            }
        }
        catch (LinuxException none) when (none.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return [];
        }
    }

    /// <summary>A new file, open for reading and writing; EEXIST if the name is taken.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="mode">Permission bits; 0600 by default.</param>
    public static FileDescriptor CreateFile(string path, int mode = Permissions.Mode0600) =>
        FileDescriptor.Open(path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, mode);

    /// <summary>mknod(2) of a block device node; one that exists already is left as it is.</summary>
    internal static void MakeBlockDevice(string path, DeviceNumber device, int mode = Permissions.Mode0600)
    {
        if (mknod(path, (uint)FileKind.BlockDevice | (uint)mode, device.Encoded) != 0 && ErrnoExtensions.Last() != Errno.EEXIST)
            throw LinuxException.Last("make device node", path);
    }

    /// <summary>mknod(2) of a character device node; one that exists already is left as it is.</summary>
    internal static void MakeCharacterDevice(string path, DeviceNumber device, int mode = Permissions.Mode0600)
    {
        if (mknod(path, (uint)FileKind.CharacterDevice | (uint)mode, device.Encoded) != 0 && ErrnoExtensions.Last() != Errno.EEXIST)
            throw LinuxException.Last("make device node", path);
    }

    // struct linux_dirent64: inode and offset of 8 bytes each, length of the entry, type, name with a NUL
    private const int EntriesRoom = 8192, EntryLength = 16, EntryName = 19;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint getdents64(FileDescriptor directory, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlink(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rmdir(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkdir(string path, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mknod(string path, uint mode, ulong device);
}
