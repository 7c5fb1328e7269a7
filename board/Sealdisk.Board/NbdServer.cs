using System.Buffers.Binary;
using System.Net.Sockets;

namespace Sealdisk.Board;

/// <summary>
/// Serves a <see cref="VolatileDisk"/> to one client, QEMU, in NBD's fixed newstyle with simple replies
/// (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md). Requests are carried out one after the other, so that a flush
/// covers exactly the writes that were answered before it.
/// </summary>
internal sealed class NbdServer : IDisposable
{
    private const ulong InitPasswd = 0x4e42444d41474943, IHaveOpt = 0x49484156454f5054, OptionReply = 0x3e889045565a9;
    private const uint RequestMagic = 0x25609513, ReplyMagic = 0x67446698;
    private const uint RepAck = 1, RepInfo = 3, RepErrUnsup = 0x80000001;
    private const ushort FixedNewstyle = 1, NoZeroes = 2;
    private const ushort HasFlags = 1, SendFlush = 4, SendTrim = 32, SendWriteZeroes = 64;
    private const int Einval = 22;
    private const int MaxRequest = 32 << 20;

    private readonly VolatileDisk disk;
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Thread thread;
    private readonly string folder = Directory.CreateTempSubdirectory("sealdisk-nbd-").FullName;
    private Socket? client;

    public NbdServer(VolatileDisk disk)
    {
        this.disk = disk;
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen(1);
        thread = new Thread(Serve) { IsBackground = true, Name = "nbd" };
        thread.Start();
    }

    public string SocketPath => Path.Combine(folder, "nbd");

    public void Dispose()
    {
        listener.Dispose();
        client?.Dispose();
        thread.Join();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private void Serve()
    {
        try
        {
            client = listener.Accept();
            if (Negotiate())
                Transmit();
            client.Dispose();
        }
        catch (SocketException)
        {
            // QEMU was killed, or we were disposed.
        }
        catch (ObjectDisposedException)
        {
            // Likewise.
        }
    }

    private bool Negotiate()
    {
        Span<byte> greeting = stackalloc byte[18];
        BinaryPrimitives.WriteUInt64BigEndian(greeting, InitPasswd);
        BinaryPrimitives.WriteUInt64BigEndian(greeting[8..], IHaveOpt);
        BinaryPrimitives.WriteUInt16BigEndian(greeting[16..], FixedNewstyle | NoZeroes);
        Send(greeting);
        Span<byte> flags = stackalloc byte[4];
        if (!Fill(flags))
            return false;

        Span<byte> header = stackalloc byte[16];
        while (Fill(header))
        {
            var option = BinaryPrimitives.ReadUInt32BigEndian(header[8..]);
            var length = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
            if (length > MaxRequest || !Fill(new byte[length]))
                return false;
            switch (option)
            {
                case 6 or 7: // NBD_OPT_INFO, NBD_OPT_GO
                    Reply(option, RepInfo, Info(0));
                    Reply(option, RepInfo, Info(3));
                    Reply(option, RepAck, []);
                    if (option == 7)
                        return true;
                    break;
                case 2: // NBD_OPT_ABORT
                    Reply(option, RepAck, []);
                    return false;
                default:
                    Reply(option, RepErrUnsup, []);
                    break;
            }
        }

        return false;
    }

    /// <summary>NBD_INFO_EXPORT (0): size and flags; NBD_INFO_BLOCK_SIZE (3): whole sectors only.</summary>
    private byte[] Info(ushort kind)
    {
        var info = new byte[kind == 0 ? 12 : 14];
        BinaryPrimitives.WriteUInt16BigEndian(info, kind);
        if (kind == 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(info.AsSpan(2), (ulong)disk.Size);
            BinaryPrimitives.WriteUInt16BigEndian(info.AsSpan(10), HasFlags | SendFlush | SendTrim | SendWriteZeroes);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(info.AsSpan(2), VolatileDisk.SectorSize);
            BinaryPrimitives.WriteUInt32BigEndian(info.AsSpan(6), 4096);
            BinaryPrimitives.WriteUInt32BigEndian(info.AsSpan(10), MaxRequest);
        }

        return info;
    }

    private void Reply(uint option, uint type, ReadOnlySpan<byte> data)
    {
        var reply = new byte[20 + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(reply, OptionReply);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(8), option);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(12), type);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(16), (uint)data.Length);
        data.CopyTo(reply.AsSpan(20));
        Send(reply);
    }

    private void Transmit()
    {
        var header = new byte[28];
        while (Fill(header) && BinaryPrimitives.ReadUInt32BigEndian(header) == RequestMagic)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6));
            var offset = (long)BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(16));
            var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(24));
            var payload = type == 1 && length <= MaxRequest ? new byte[length] : [];
            if (type == 2 || (type == 1 && (payload.Length != length || !Fill(payload))))
                return; // NBD_CMD_DISC, or a write that cannot be skipped

            var (served, error, data) = Carry(type, offset, length, payload);
            if (!served)
                return;
            var reply = new byte[16 + data.Length];
            BinaryPrimitives.WriteUInt32BigEndian(reply, ReplyMagic);
            BinaryPrimitives.WriteInt32BigEndian(reply.AsSpan(4), error);
            header.AsSpan(8, 8).CopyTo(reply.AsSpan(8));
            data.CopyTo(reply, 16);
            Send(reply);
        }
    }

    /// <summary>Served is false when power has failed: then nobody gets an answer.</summary>
    private (bool Served, int Error, byte[] Data) Carry(ushort type, long offset, uint length, byte[] payload)
    {
        var aligned = offset % VolatileDisk.SectorSize == 0 && length % VolatileDisk.SectorSize == 0
            && offset >= 0 && offset + length <= disk.Size;
        if (!aligned && type != 3)
            return (true, Einval, []);
        switch (type)
        {
            case 0 when length <= MaxRequest:
                var data = new byte[length];
                return (disk.Read(offset, data), 0, data);
            case 1:
                return (disk.Write(offset, payload), 0, []);
            case 3:
                return (disk.Flush(), 0, []);
            case 4:
                return (disk.Zero(DiskRequestKind.Discard, offset, length), 0, []);
            case 6:
                return (disk.Zero(DiskRequestKind.Write, offset, length), 0, []);
            default:
                return (true, Einval, []);
        }
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[client!.Send(bytes)..];
    }

    private bool Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var n = client!.Receive(bytes);
            if (n == 0)
                return false;
            bytes = bytes[n..];
        }

        return true;
    }
}
