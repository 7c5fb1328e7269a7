namespace Sealdisk.Linux;

/// <summary>Whole small files that are either complete and on the disk, or do not exist at all.</summary>
public static class DurableFile
{
    /// <summary>
    /// Writes a file so that it survives a power cut at any instant: a temporary file next to it is written, synced and renamed over
    /// the name, and the directory is synced. Until the rename the old file, if any, is untouched. A cut before the rename may leave
    /// the temporary file (<c>.NAME.new</c>), which the next call replaces.
    /// </summary>
    /// <param name="path">The file's final name.</param>
    /// <param name="content">All of its bytes.</param>
    /// <param name="mode">Permission bits of the new file.</param>
    /// <exception cref="LinuxException">
    /// The first system call that failed; the old file is as it was and the temporary one is gone.
    /// </exception>
    public static void Create(string path, ReadOnlySpan<byte> content, int mode)
    {
        var temporary = TemporaryName(path);
        DirectoryEntries.Unlink(temporary);
        try
        {
            const OpenFlags newFile = OpenFlags.Write | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
            using (var file = FileDescriptor.Open(temporary, newFile, mode))
            {
                file.SetMode(mode);
                file.WriteAt(content, 0);
                file.Sync();
            }
            DirectoryEntries.Rename(temporary, path);
        }
        catch (LinuxException)
        {
            DirectoryEntries.Unlink(temporary);
            throw;
        }
        DirectoryEntries.SyncParent(path);
    }

    /// <summary>
    /// Whether the name is taken. A symbolic link that leads nowhere counts: it stands for a place that does not exist yet.
    /// </summary>
    public static bool IsTaken(string path) => FileStatus.TryOf(path) is not null || new FileInfo(path).LinkTarget is not null;

    /// <summary>The name under which a file is prepared.</summary>
    public static string TemporaryName(string path) => Path.Combine(Path.GetDirectoryName(path) ?? "", $".{Path.GetFileName(path)}.new");
}
