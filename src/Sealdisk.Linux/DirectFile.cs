using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// Transfers past the page cache (O_DIRECT), in whole sectors. The kernel may refuse memory that does not start on a page: it is copied
/// through a page that does.
/// </summary>
public sealed class DirectFile : IDisposable
{
    private const int PageSize = 4096;

    private readonly FileDescriptor _file;
    private readonly AnonymousMemory _page = new(PageSize / sizeof(ulong));
    private readonly Lock _pageTurn = new();

    private DirectFile(FileDescriptor file) => _file = file;

    /// <summary>Turns an open file into a direct one, if it can be one for requests of whole sectors.</summary>
    /// <remarks>
    /// Not if a physical sector is larger than a request may be: the page cache gathers small requests, but the disk would read, change
    /// and write back for each of them. ext4 would send some of them through its page cache after all, and the two ways do not mix
    /// well.
    /// </remarks>
    /// <param name="file">Open for reading; stays the caller's, who then uses it for direct transfers only.</param>
    /// <param name="start">Bytes: where the first sector begins.</param>
    /// <param name="sectorSize">Bytes; every request is a multiple of it from <paramref name="start"/> on.</param>
    /// <returns>Null, with the file as it was, if it cannot: some filesystems lack O_DIRECT, or lack it for such sectors.</returns>
    public static DirectFile? TryMake(FileDescriptor file, long start, int sectorSize)
    {
        var physical = file.Status().Kind == FileKind.BlockDevice
            ? BlockDevice.PhysicalSectorSize(file)
            : BlockDevice.PhysicalSectorSizeUnder(file.Name);
        if (sectorSize % physical != 0 || start % sectorSize != 0 || !file.TrySetDirect(true))
            return null;
        var direct = new DirectFile(file);
        try
        {
            // A sector that is aligned to its own size and no further.
            Span<byte> sector = stackalloc byte[sectorSize];
            direct.ReadAt(sector, start / sectorSize % 2 == 0 ? start + sectorSize : start);
            return direct;
        }
        catch (LinuxException)
        {
            // Refused (EINVAL); or it cannot be read, and the next reader gets that error.
            direct.Dispose();
            file.TrySetDirect(false);
            return null;
        }
    }

    /// <summary>Reads whole sectors; returns the bytes read, fewer only at the end of the file.</summary>
    public int ReadAt(Span<byte> data, long offset)
    {
        if (IsOnPage(data))
            return ReadAligned(data, offset);
        lock (_pageTurn)
        {
            var done = 0;
            while (done < data.Length)
            {
                var part = Page(data.Length - done);
                var got = ReadAligned(part, offset + done);
                part[..got].CopyTo(data[done..]);
                done += got;
                if (got < part.Length)
                    break;
            }
            return done;
        }
    }

    /// <summary>Writes whole sectors.</summary>
    public void WriteAt(ReadOnlySpan<byte> data, long offset)
    {
        if (IsOnPage(data))
        {
            _file.WriteAt(data, offset);
            return;
        }
        lock (_pageTurn)
        {
            for (var done = 0; done < data.Length;)
            {
                var part = Page(data.Length - done);
                data.Slice(done, part.Length).CopyTo(part);
                _file.WriteAt(part, offset + done);
                done += part.Length;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _page.Release();

    private int ReadAligned(Span<byte> data, long offset)
    {
        try
        {
            return _file.ReadAt(data, offset);
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EINVAL && offset + data.Length > _file.Status().Size)
        {
            return 0; // the file has become shorter, and ends within a sector
        }
    }

    private Span<byte> Page(int length) => MemoryMarshal.AsBytes(_page.GetSpan())[..Math.Min(length, PageSize)];

    private static unsafe bool IsOnPage(ReadOnlySpan<byte> data)
    {
        // SAFETY: the address is compared, not dereferenced. Memory that the collector may move is on a page only by chance, and the
        // callee pins it.
        return (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(data)) % PageSize == 0;
    }
}
