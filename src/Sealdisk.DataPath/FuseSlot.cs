using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Room for one request and its answer, in locked memory: a page of headers, then 128 KiB of data on a page boundary. A request is
/// received so that the data of a WRITE comes to lie in the second part; the data of a READ leaves from there with its header in front.
/// So nothing is copied or allocated per request.
/// </summary>
internal sealed class FuseSlot(ServedFile file, ManualResetEventSlim ready) : IDisposable
{
    /// <summary>
    /// Largest READ or WRITE in bytes. The kernel sends larger ones in parts, which several slots then work on at the same time.
    /// </summary>
    public const int MaxTransfer = 128 << 10;

    /// <summary>The result of a transfer that the kernel did not take.</summary>
    public const long NotBegun = long.MinValue;

    private const int PageSize = 4096, DataStart = PageSize;
    private const int WriteHeaders = 80, OutHeader = 16;
    private const int RequestStart = DataStart - WriteHeaders;
    private const uint RegularFile0600 = 0x8180;
    private const ulong Forever = 365UL * 24 * 60 * 60; // the attributes never change behind the kernel's back

    private readonly SecretBuffer _buffer = SecretBuffer.Allocate(DataStart + MaxTransfer);

    // Of the transfer in flight.
    private FuseInHeader _header;
    private long _offset;
    private int _length;

    /// <summary>The first so many bytes of the answer, header and all.</summary>
    public Span<byte> AnswerOf(int length) => _buffer.GetSpan().Slice(DataStart - OutHeader, length);

    /// <summary>Where the next request comes to lie.</summary>
    internal Span<byte> Request => _buffer.GetSpan()[RequestStart..];

    /// <summary>
    /// Works on the request of that many bytes in the buffer and leaves the answer, header and all, where it is sent from. Returns its
    /// length; 0 if none is to be sent.
    /// </summary>
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
            file.Report(exception.Message);
            errno = exception.Errno;
        }
        return Finish(header, errno, length);
    }

    /// <summary>Whether the answer to the request may have to wait for transfers in flight.</summary>
    public bool MayWait(int received) =>
        MemoryMarshal.Read<FuseInHeader>(Request[..received]).Opcode is FuseOpcode.Read or FuseOpcode.Write or FuseOpcode.FAllocate;

    /// <summary>
    /// Begins the transfer that the request asks for, if the kernel can do it alone: whole sectors past the page cache, or a sync.
    /// <see cref="End"/> must follow when it has ended.
    /// </summary>
    /// <param name="received">Bytes of the request.</param>
    /// <param name="transfers">Where it is added.</param>
    /// <param name="tag">By which it is known there.</param>
    public bool TryBegin(int received, AsyncTransfers transfers, int tag)
    {
        if (file.Direct is not { } direct)
            return false;
        var body = Request[Unsafe.SizeOf<FuseInHeader>()..received];
        _header = MemoryMarshal.Read<FuseInHeader>(Request);
        switch (_header.Opcode)
        {
            case FuseOpcode.Read:
                if (!MemoryMarshal.TryRead(body, out FuseTransferIn read) || read.Size > MaxTransfer)
                    return false;
                if (!direct.TryBegin(read.Offset, (int)read.Size))
                    return false;
                Take(read);
                transfers.Add(tag, TransferKind.Read, direct.File, Data, direct.PositionOf(_offset));
                return true;
            case FuseOpcode.Write:
                if (!TryParseWrite(body, out var write) || file.IsArming || !direct.TryBegin(write.Offset, (int)write.Size))
                    return false;
                Take(write);
                direct.Encrypt(_offset, Data);
                transfers.Add(tag, TransferKind.Write, direct.File, Data, direct.PositionOf(_offset));
                return true;
            case FuseOpcode.FSync:
                transfers.Add(tag, TransferKind.DataSync, direct.File, [], 0);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Leaves the answer where it is sent from and returns its length.</summary>
    /// <param name="result">
    /// Bytes, an errno below zero, or <see cref="NotBegun"/>. A read or write that did not end as it should is repeated and waited for:
    /// the repetition succeeds, or says what is wrong.
    /// </param>
    public int End(long result)
    {
        var direct = file.Direct!;
        var errno = Errno.None;
        try
        {
            switch (_header.Opcode)
            {
                case FuseOpcode.Read:
                    if (result != _length)
                        direct.ReadCiphertext(_offset, Data);
                    direct.Decrypt(_offset, Data);
                    return Finish(_header, errno, _length);
                case FuseOpcode.Write:
                    if (result != _length)
                        direct.WriteCiphertext(_offset, Data);
                    return Finish(_header, errno, Put(Data, new FuseWriteOut { Size = (uint)_length }));
                default:
                    // Never twice: the kernel reports a failed writeback once, and a second sync would succeed.
                    if (result == NotBegun)
                        file.Flush();
                    else if (result != 0)
                        throw new LinuxException((Errno)(-result), "sync", direct.File.Name);
                    return Finish(_header, errno, 0);
            }
        }
        catch (LinuxException exception)
        {
            file.Report(exception.Message);
            return Finish(_header, exception.Errno, 0);
        }
        finally
        {
            if (_header.Opcode != FuseOpcode.FSync)
                direct.End();
        }
    }

    /// <summary>The answer to a request that could not be served at all.</summary>
    public int Fail(FuseInHeader header) => Finish(header, Errno.EIO, 0);

    public void Dispose() => _buffer.Dispose();

    private Span<byte> Data => _buffer.GetSpan().Slice(DataStart, _length);

    private void Take(FuseTransferIn transfer)
    {
        _offset = (long)transfer.Offset;
        _length = (int)transfer.Size;
    }

    /// <summary>Puts the header in front of an answer of that many bytes, or of none if it is an error.</summary>
    private int Finish(FuseInHeader header, Errno errno, int length)
    {
        if (errno != Errno.None)
            length = 0;
        var answer = new FuseOutHeader { Length = (uint)(OutHeader + length), Error = -(int)errno, Unique = header.Unique };
        MemoryMarshal.Write(_buffer.GetSpan()[(DataStart - OutHeader)..], in answer);
        // The file can be opened once this answer is sent; an open that comes earlier waits for it.
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
                length = file.Read(read.Offset, data[..(int)Math.Min(read.Size, MaxTransfer)]);
                return Errno.None;
            case FuseOpcode.Write:
                if (!TryParseWrite(body, out var write))
                    return Errno.EINVAL;
                var errno = file.Write(write.Offset, data[..(int)write.Size]);
                length = Put(data, new FuseWriteOut { Size = write.Size });
                return errno;
            case FuseOpcode.FSync or FuseOpcode.Flush or FuseOpcode.SyncFs:
                file.Flush();
                return Errno.None;
            case FuseOpcode.FAllocate:
                if (!MemoryMarshal.TryRead(body, out FuseFallocateIn allocate))
                    return Errno.EINVAL;
                return file.Allocate(allocate.Offset, allocate.Length, allocate.Mode);
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
                // The loop driver asks this to find out whether it may offer discards and write-zeroes; the block size is then their
                // granularity. Without discards it must not offer them, so it gets an error. df skips the filesystem either way:
                // because of the error, or because it has no space to count.
                if (!file.WantsDiscards)
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
                return Errno.ENOSYS; // LSEEK among them: the kernel then seeks by the size
        }
    }

    /// <summary>The body of a WRITE, which says how much data follows it.</summary>
    private static bool TryParseWrite(ReadOnlySpan<byte> body, out FuseTransferIn write) =>
        MemoryMarshal.TryRead(body, out write) && write.Size == (uint)(body.Length - Unsafe.SizeOf<FuseTransferIn>());

    private static Errno Initialise(FuseInitIn kernel, Span<byte> data, out int length)
    {
        length = 0;
        const FuseInitFlags wanted =
            FuseInitFlags.AsyncRead | FuseInitFlags.BigWrites | FuseInitFlags.AsyncDirectIo | FuseInitFlags.MaxPages;
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

    /// <summary>Size, owner and permissions cannot be set. Times are accepted and ignored.</summary>
    private bool IsAllowed(FuseSetAttrIn set) =>
        (set.Valid & (FuseSetAttrValid.Mode | FuseSetAttrValid.Uid | FuseSetAttrValid.Gid)) == FuseSetAttrValid.None
        && (!set.Valid.HasFlag(FuseSetAttrValid.Size) || set.Size == (ulong)file.Size);

    private int PutAttributes(Span<byte> data) => Put(data, new FuseAttrOut
    {
        ValidSeconds = Forever,
        Attr = new FuseAttr
        {
            Inode = 1,
            Size = (ulong)file.Size,
            Blocks = (ulong)file.Size / Sectors.Size,
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
