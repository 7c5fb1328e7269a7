using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Takes one request at a time and answers it. Its buffer is two parts of locked memory, a page of headers and 1 MiB of data on a page boundary: a
/// request is received so that the data of a WRITE comes to lie in the second part, and the data of a READ leaves from there with its header in
/// front, so nothing is copied or allocated per request.
/// </summary>
internal sealed class FuseWorker(FuseChannel channel, FuseVolume volume, ManualResetEventSlim ready) : IDisposable
{
    /// <summary>Largest READ or WRITE in bytes: 256 pages, the most that the kernel does without being configured for more.</summary>
    public const int MaxTransfer = 1 << 20;

    private const int PageSize = 4096, DataStart = PageSize;
    private const int WriteHeaders = 80, OutHeader = 16;
    private const int RequestStart = DataStart - WriteHeaders;
    private const uint RegularFile0600 = 0x8180;
    private const ulong Forever = 365UL * 24 * 60 * 60; // nothing of it ever changes behind the kernel's back

    private readonly SecretBuffer _buffer = SecretBuffer.Allocate(DataStart + MaxTransfer);

    /// <summary>Serves until the file is unmounted.</summary>
    public void Serve()
    {
        while (channel.Receive(Request) is > 0 and var received)
        {
            int length;
            try
            {
                length = Answer(received);
            }
#pragma warning disable CA1031 // A request loop: whatever went wrong with one request, its caller must get an error and the next its turn.
            catch (Exception exception)
            {
                var header = MemoryMarshal.Read<FuseInHeader>(Request);
                volume.Report($"cannot serve {header.Opcode}: {exception}");
                length = Finish(header, Errno.EIO, 0);
            }
#pragma warning restore CA1031
            if (length > 0)
                channel.Send(_buffer.GetSpan().Slice(DataStart - OutHeader, length));
        }
    }

    /// <summary>Where the next request comes to lie.</summary>
    internal Span<byte> Request => _buffer.GetSpan()[RequestStart..];

    /// <summary>Works on the request of that many bytes in the buffer and leaves the answer, header and all, where it is sent from; 0 when there is none to send.</summary>
    internal int Answer(int received)
    {
        var header = MemoryMarshal.Read<FuseInHeader>(Request[..received]);
        if (header.Opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt or FuseOpcode.NotifyReply)
            return 0;
        var body = Request[Unsafe.SizeOf<FuseInHeader>()..received];
        Errno errno;
        var length = 0;
        try
        {
            errno = Do(header.Opcode, body, _buffer.GetSpan()[DataStart..], out length);
        }
        catch (LinuxException exception)
        {
            volume.Report(exception.Message);
            errno = exception.Errno;
        }
        return Finish(header, errno, length);
    }

    public void Dispose()
    {
        channel.Dispose();
        _buffer.Dispose();
    }

    /// <summary>Puts the header in front of an answer of that many bytes, or of none where it is an error.</summary>
    private int Finish(FuseInHeader header, Errno errno, int length)
    {
        if (errno != Errno.None)
            length = 0;
        var answer = new FuseOutHeader { Length = (uint)(OutHeader + length), Error = -(int)errno, Unique = header.Unique };
        MemoryMarshal.Write(_buffer.GetSpan()[(DataStart - OutHeader)..], in answer);
        // The file can be opened from the moment that this answer is sent, and whoever opens it earlier waits for it.
        if (header.Opcode == FuseOpcode.Init && errno == Errno.None)
            ready.Set();
        return OutHeader + length;
    }

    private Errno Do(FuseOpcode opcode, ReadOnlySpan<byte> body, Span<byte> data, out int length)
    {
        length = 0;
        switch (opcode)
        {
            case FuseOpcode.Read:
                if (!MemoryMarshal.TryRead(body, out FuseTransferIn read))
                    return Errno.EINVAL;
                length = volume.Read(read.Offset, data[..(int)Math.Min(read.Size, MaxTransfer)]);
                return Errno.None;
            case FuseOpcode.Write:
                if (!MemoryMarshal.TryRead(body, out FuseTransferIn write) || write.Size != (uint)(body.Length - Unsafe.SizeOf<FuseTransferIn>()))
                    return Errno.EINVAL;
                var errno = volume.Write(write.Offset, data[..(int)write.Size]);
                length = Put(data, new FuseWriteOut { Size = write.Size });
                return errno;
            case FuseOpcode.FSync or FuseOpcode.Flush or FuseOpcode.SyncFs:
                volume.Flush();
                return Errno.None;
            case FuseOpcode.FAllocate:
                if (!MemoryMarshal.TryRead(body, out FuseFallocateIn allocate))
                    return Errno.EINVAL;
                return volume.Allocate(allocate.Offset, allocate.Length, allocate.Mode);
            case FuseOpcode.GetAttr:
                length = PutAttributes(data);
                return Errno.None;
            case FuseOpcode.SetAttr:
                if (!MemoryMarshal.TryRead(body, out FuseSetAttrIn set))
                    return Errno.EINVAL;
                length = PutAttributes(data);
                return IsAllowed(set) ? Errno.None : Errno.EPERM;
            case FuseOpcode.Open:
                length = Put(data, new FuseOpenOut { Flags = FuseOpenFlags.DirectIo | FuseOpenFlags.ParallelDirectWrites });
                return Errno.None;
            case FuseOpcode.Release or FuseOpcode.Destroy or FuseOpcode.Access:
                return Errno.None;
            case FuseOpcode.StatFs:
                // The loop driver asks this to see whether it may offer discards and write-zeroes, and the block size is then their granularity.
                // Without discards it had better not offer them, and df leaves a filesystem out that it may not look at. With them there is no
                // space to count, which df leaves out as well.
                if (!volume.WantsDiscards)
                    return Errno.EACCES;
                length = Put(data, new FuseStatFsOut { BlockSize = PageSize, FragmentSize = PageSize, NameLength = 255 });
                return Errno.None;
            case FuseOpcode.Init:
                return MemoryMarshal.TryRead(body, out FuseInitIn kernel) ? Initialise(kernel, data, out length) : Errno.EINVAL;
            case FuseOpcode.Lookup:
                return Errno.ENOTDIR;
            case FuseOpcode.Ioctl:
                return Errno.ENOTTY;
            default:
                return Errno.ENOSYS; // LSEEK among them: the kernel then does it by the size
        }
    }

    private static Errno Initialise(FuseInitIn kernel, Span<byte> data, out int length)
    {
        length = 0;
        const FuseInitFlags wanted = FuseInitFlags.AsyncRead | FuseInitFlags.BigWrites | FuseInitFlags.AsyncDirectIo | FuseInitFlags.MaxPages;
        if (kernel.Major != FuseChannel.Major || kernel.Minor < FuseChannel.LowestMinor)
            return Errno.EPROTO;
        length = Put(data, new FuseInitOut
        {
            Major = FuseChannel.Major,
            Minor = Math.Min(kernel.Minor, FuseChannel.HighestMinor),
            MaxReadahead = kernel.MaxReadahead,
            Flags = wanted & kernel.Flags,
            MaxBackground = 64,
            CongestionThreshold = 48,
            MaxWrite = MaxTransfer,
            TimeGranularity = 1,
            MaxPages = MaxTransfer / PageSize,
        });
        return Errno.None;
    }

    /// <summary>Neither size nor owner nor permissions can be set. Times are taken without complaint, and kept by nobody.</summary>
    private bool IsAllowed(FuseSetAttrIn set) =>
        (set.Valid & (FuseSetAttrValid.Mode | FuseSetAttrValid.Uid | FuseSetAttrValid.Gid)) == FuseSetAttrValid.None
        && (!set.Valid.HasFlag(FuseSetAttrValid.Size) || set.Size == (ulong)volume.Size);

    private int PutAttributes(Span<byte> data) => Put(data, new FuseAttrOut
    {
        ValidSeconds = Forever,
        Attr = new FuseAttr
        {
            Inode = 1,
            Size = (ulong)volume.Size,
            Blocks = (ulong)volume.Size / 512,
            Mode = RegularFile0600,
            Links = 1,
            Uid = CurrentProcess.EffectiveUserId,
            BlockSize = PageSize,
        },
    });

    private static int Put<T>(Span<byte> data, in T value) where T : unmanaged
    {
        MemoryMarshal.Write(data, in value);
        return Unsafe.SizeOf<T>();
    }
}
