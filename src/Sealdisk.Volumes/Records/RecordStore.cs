using Sealdisk.Linux;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// Where the two copies of a volume's record lie: in the first MiB of its device, or in a file of their own. The copies are
/// written one after the other, each until it is proven to be on the medium, so that one good copy exists at every instant.
/// Not locked: the caller sees to it that one process at a time writes.
/// </summary>
public sealed partial class RecordStore
{
    /// <summary>What a header takes from the start of the device; the encrypted data begin behind it.</summary>
    public static Sectors HeaderSectors => new(2048);

    /// <summary>Where copy B is in a header, in bytes; copy A is at byte 0.</summary>
    public const long HeaderCopyB = 524288;
    private const int DetachedLength = 2 * RecordFormat.BlockSize;
    private const int DetachedMode = Permissions.Mode0600; // nothing in it is secret, but no other user needs it

    private readonly string _path;
    private readonly bool _detached;

    private RecordStore(string path, bool detached)
    {
        _path = path;
        _detached = detached;
    }

    /// <summary>The record in a device's or image file's header: copy A at byte 0, copy B at byte 524288.</summary>
    public static RecordStore Header(string devicePath) => new(devicePath, detached: false);

    /// <summary>
    /// The record in a file of 8192 bytes: copy A at byte 0, copy B at byte 4096. A symbolic link stands for what it leads to.
    /// </summary>
    public static RecordStore Detached(string file) => new(
        new FileInfo(file) is { LinkTarget: not null } link && link.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target
            ? target.FullName
            : file,
        detached: true);

    /// <summary>
    /// Reads both copies, changing nothing. A detached file that does not exist is no record; a copy that cannot be read is a bad one.
    /// </summary>
    /// <exception cref="LinuxException">The device or file cannot be opened.</exception>
    public RecordReading Read()
    {
        if (_detached && FileStatus.TryOf(_path) is null)
            return RecordReading.Nothing;
        using var file = FileDescriptor.Open(_path, OpenFlags.Read);
        return Read(file);
    }

    /// <summary>Blanks the place of both copies in the bytes of a header.</summary>
    public static void ClearCopies(Span<byte> header)
    {
        header[..RecordFormat.BlockSize].Clear();
        header.Slice((int)HeaderCopyB, RecordFormat.BlockSize).Clear();
    }

    private RecordReading Read(FileDescriptor file) => new(ReadCopy(file, 0), ReadCopy(file, 1));

    private CopyReading ReadCopy(FileDescriptor file, int copy)
    {
        var block = new byte[RecordFormat.BlockSize];
        try
        {
            return RecordFormat.Read(block.AsSpan(0, file.ReadAt(block, Offset(copy))));
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EIO)
        {
            // The other copy is there for just this.
            return new CopyReading.Bad("it cannot be read (EIO)");
        }
    }

    private long Offset(int copy) => copy == 0 ? 0 : _detached ? RecordFormat.BlockSize : HeaderCopyB;

    private static char Letter(int copy) => copy == 0 ? 'A' : 'B';
}
