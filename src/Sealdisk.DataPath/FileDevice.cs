using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>A file or block device, or part of one, unchanged: the ciphertext below a <see cref="CryptDevice"/>.</summary>
public sealed class FileDevice : IBlockDevice
{
    private readonly FileDescriptor _file;
    private readonly long _offset;
    private readonly bool _isBlockDevice;
    private readonly DirectFile? _direct;

    /// <summary>Takes over an open file.</summary>
    /// <param name="file">Open for reading and writing, buffered.</param>
    /// <param name="offset">How much to leave out in front.</param>
    /// <param name="length">How much to show.</param>
    /// <param name="directSectorSize">
    /// Bytes, of which every request will be a multiple: transfers then go past the page cache if the file can do that. Null to go
    /// through it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The file does not have these bytes.</exception>
    public FileDevice(FileDescriptor file, ByteCount offset, ByteCount length, int? directSectorSize = null)
    {
        _file = file;
        _offset = offset.Count;
        Size = length.Count;
        var status = file.Status();
        _isBlockDevice = status.Kind == FileKind.BlockDevice;
        SectorSize = _isBlockDevice ? BlockDevice.LogicalSectorSize(file) : 512;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Size, SizeOf(file, status.Kind).Count - _offset, nameof(length));
        _direct = directSectorSize is { } sectorSize ? DirectFile.TryMake(file, _offset, sectorSize) : null;
    }

    /// <inheritdoc/>
    public long Size { get; }

    /// <inheritdoc/>
    public int SectorSize { get; }

    /// <summary>Whether transfers go past the page cache.</summary>
    internal bool IsDirect => _direct is not null;

    /// <summary>The file, for callers that transfer themselves; stays this object's.</summary>
    internal FileDescriptor File => _file;

    /// <summary>Where in the file the device begins, in bytes.</summary>
    internal long Start => _offset;

    /// <summary>Opens a path for reading and writing.</summary>
    /// <param name="path">File or block device.</param>
    /// <param name="offset">How much to leave out in front.</param>
    /// <param name="length">How much to show; null for all that follows.</param>
    /// <param name="isExclusive">
    /// Refuses a block device that is mounted or mapped, and a file that is already open this way.
    /// </param>
    /// <param name="directSectorSize">As for the constructor.</param>
    /// <exception cref="LinuxException">EBUSY: it is in use. Or it cannot be opened.</exception>
    public static FileDevice Open(
        string path, ByteCount offset = default, ByteCount? length = null, bool isExclusive = false, int? directSectorSize = null)
    {
        var kind = FileStatus.Of(path).Kind;
        var isBlockDevice = kind == FileKind.BlockDevice;
        var file = isBlockDevice && isExclusive
            ? BlockDevice.OpenExclusive(path, OpenFlags.ReadWrite)
            : FileDescriptor.Open(path, OpenFlags.ReadWrite);
        try
        {
            if (!isBlockDevice && isExclusive && !file.TryLock())
                throw new LinuxException(Errno.EBUSY, "claim", path);
            var size = SizeOf(file, kind);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, size);
            return new FileDevice(file, offset, length ?? size - offset, directSectorSize);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> data)
    {
        BlockRange.Check(this, offset, data.Length);
        // A file that has become shorter must not read as zeros: the caller would take them for data.
        var got = _direct is null ? _file.ReadAt(data, _offset + offset) : _direct.ReadAt(data, _offset + offset);
        if (got != data.Length)
            throw new LinuxException(Errno.EIO, "read beyond the end of", _file.Name);
    }

    /// <inheritdoc/>
    public void Write(long offset, Span<byte> data)
    {
        BlockRange.Check(this, offset, data.Length);
        if (_direct is null)
            _file.WriteAt(data, _offset + offset);
        else
            _direct.WriteAt(data, _offset + offset);
    }

    /// <inheritdoc/>
    public void Flush() => _file.DataSync();

    /// <inheritdoc/>
    public bool Discard(long offset, long length)
    {
        BlockRange.Check(this, offset, length);
        try
        {
            if (_isBlockDevice)
                BlockDevice.Discard(_file, new ByteCount(_offset + offset), new ByteCount(length));
            else
                _file.PunchHole(_offset + offset, length);
            return true;
        }
        catch (LinuxException exception) when (exception.Errno is Errno.EOPNOTSUPP or Errno.ENOSYS)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _direct?.Dispose();
        _file.Dispose();
    }

    private static ByteCount SizeOf(FileDescriptor file, FileKind kind) =>
        kind == FileKind.BlockDevice ? BlockDevice.Size(file) : new ByteCount(file.Status().Size);
}
