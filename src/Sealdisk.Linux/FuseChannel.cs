namespace Sealdisk.Linux;

/// <summary>
/// One reader of a FUSE mount (/dev/fuse). The root of the mount is a regular file, mounted on a regular file: the path of the mount
/// point is the file that is served. Only root may open it (no allow_other).
/// </summary>
internal sealed class FuseChannel : IDisposable
{
    /// <summary>The protocol versions that are supported; the structs of this room are right from 7.28 (Linux 4.20) on.</summary>
    public const uint Major = 7, LowestMinor = 28, HighestMinor = 38;

    private readonly FileDescriptor _device;

    private FuseChannel(FileDescriptor device) => _device = device;

    /// <summary>Mounts on an existing regular file. The kernel sends FUSE_INIT next; opening the file waits for its answer.</summary>
    /// <param name="mountFile">The mount point.</param>
    /// <param name="source">What /proc/mounts shows as the source.</param>
    /// <param name="maxRead">Largest READ in bytes.</param>
    public static FuseChannel Mount(string mountFile, string source, int maxRead)
    {
        var device = FileDescriptor.Open("/dev/fuse", OpenFlags.ReadWrite);
        try
        {
            var user = CurrentProcess.EffectiveUserId;
            Mounts.Mount(
                source, mountFile, "fuse.sealdisk", MountFlags.NoSetUserId | MountFlags.NoDevices | MountFlags.NoExecute,
                $"fd={device.Number},rootmode=100000,user_id={user},group_id=0,max_read={maxRead}");
            return new FuseChannel(device);
        }
        catch (LinuxException)
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Another reader of the same mount, with its own queue of requests in work.</summary>
    public unsafe FuseChannel Clone()
    {
        var device = FileDescriptor.Open("/dev/fuse", OpenFlags.ReadWrite);
        var original = (uint)_device.Number;
        // SAFETY: the kernel reads 4 bytes.
        if (device.Ioctl(FUSE_DEV_IOC_CLONE, &original) == 0)
            return new FuseChannel(device);
        var exception = LinuxException.Last("clone", "/dev/fuse");
        device.Dispose();
        throw exception;
    }

    /// <summary>
    /// Waits for the next request, which always comes as a whole; 0 once unmounted. The buffer must hold the largest WRITE and its 80
    /// bytes of headers.
    /// </summary>
    public int Receive(Span<byte> buffer)
    {
        while (true)
        {
            var got = _device.TryRead(buffer);
            if (got >= 0)
                return got;
            switch (ErrnoExtensions.Last())
            {
                case Errno.ENODEV:
                    return 0;
                case Errno.EINTR or Errno.EAGAIN or Errno.ENOENT: // ENOENT: the request was withdrawn on its way
                    continue;
                default:
                    throw LinuxException.Last("receive a request from", "/dev/fuse");
            }
        }
    }

    /// <summary>From now on, requests are taken by <see cref="TryReceive"/> only.</summary>
    public void MakeNonBlocking() => _device.SetNonBlocking();

    /// <summary>For waiting for a request; stays this object's.</summary>
    public FileDescriptor Device => _device;

    /// <summary>Takes the next request, if there is one: returns its length, 0 once unmounted, null if there is none.</summary>
    public int? TryReceive(Span<byte> buffer)
    {
        while (true)
        {
            var got = _device.TryRead(buffer);
            if (got >= 0)
                return got;
            switch (ErrnoExtensions.Last())
            {
                case Errno.EAGAIN:
                    return null;
                case Errno.ENODEV:
                    return 0;
                case Errno.EINTR or Errno.ENOENT:
                    continue;
                default:
                    throw LinuxException.Last("receive a request from", "/dev/fuse");
            }
        }
    }

    /// <summary>Sends one whole answer. It is dropped if nothing waits for it any more (ENOENT, or unmounted).</summary>
    public void Send(ReadOnlySpan<byte> answer)
    {
        while (_device.TryWrite(answer) < 0)
        {
            switch (ErrnoExtensions.Last())
            {
                case Errno.ENOENT or Errno.ENODEV:
                    return;
                case Errno.EINTR or Errno.EAGAIN:
                    continue;
                default:
                    throw LinuxException.Last("send an answer to", "/dev/fuse");
            }
        }
    }

    public void Dispose() => _device.Dispose();

    private const uint FUSE_DEV_IOC_CLONE = 0x8004E500;
}
