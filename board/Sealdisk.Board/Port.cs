using System.Buffers.Binary;
using System.Net.Sockets;

namespace Sealdisk.Board;

/// <summary>The virtio port on which process 1 of the board takes commands; the frames are described in board/guest/init.c.</summary>
internal sealed class Port : IDisposable
{
    private const int HeaderLength = 12;

    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Lock sending = new();
    private Socket? peer;

    public Port(string path)
    {
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
    }

    /// <summary>Hands every frame to the receiver until QEMU ends or the port is disposed.</summary>
    public void Serve(Action<char, uint, ReadOnlySpan<byte>> receive)
    {
        var header = new byte[HeaderLength];
        try
        {
            peer = listener.Accept();
            while (Fill(header))
            {
                var payload = new byte[BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8))];
                if (!Fill(payload))
                    break;
                receive((char)header[0], BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)), payload);
            }
        }
        catch (SocketException)
        {
            // QEMU was killed, or the port was closed here.
        }
        catch (ObjectDisposedException)
        {
            // Likewise.
        }
    }

    /// <summary>False when the board is not there any more.</summary>
    public bool Send(char type, uint number, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[HeaderLength + payload.Length];
        frame[0] = (byte)type;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), number);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(8), (uint)payload.Length);
        payload.CopyTo(frame.AsSpan(HeaderLength));
        try
        {
            lock (sending)
            {
                for (var sent = 0; sent < frame.Length;)
                    sent += peer!.Send(frame.AsSpan(sent));
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        listener.Dispose();
        peer?.Dispose();
    }

    private bool Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var n = peer!.Receive(bytes);
            if (n == 0)
                return false;
            bytes = bytes[n..];
        }

        return true;
    }
}
