using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>
/// A TPM's character device, or the socket of a software TPM (swtpm): one command written, one reply read (Documentation/security/tpm),
/// whatever they mean.
/// </summary>
public sealed unsafe partial class TpmDevice : IDisposable
{
    /// <summary>The kernel's resource manager: closing it removes what a caller has left loaded in the TPM.</summary>
    public const string ResourceManager = "/dev/tpmrm0";

    /// <summary>The TPM itself, for one process at a time: what is left loaded stays loaded.</summary>
    public const string Raw = "/dev/tpm0";

    /// <summary>What the name of a socket begins with, before its path.</summary>
    public const string SocketPrefix = "unix:";

    /// <summary>Bytes of the longest path that a socket can have: sun_path of sys/un.h, without the NUL.</summary>
    public const int LongestSocketPath = 107;

    private const int LargestReply = 4096; // TPM_BUFSIZE of drivers/char/tpm/tpm.h
    private const int HeaderSize = 10;

    private readonly FileDescriptor _device;
    private readonly TimeSpan _limit;
    private readonly bool _isSocket;

    private TpmDevice(FileDescriptor device, TimeSpan limit, bool isSocket)
    {
        _device = device;
        _limit = limit;
        _isSocket = isSocket;
    }

    /// <summary>
    /// The family of the first TPM as the kernel found it: 1 (for 1.2) or 2; null if there is no TPM, or if the kernel is older than 5.5.
    /// </summary>
    public static int? Family => FamilyOf(Raw);

    /// <summary>How long a socket may take for a reply: longer than a TPM needs for any command (TPM2_CreatePrimary of RSA).</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(2);

    /// <summary>The same of the TPM behind a device such as /dev/tpmrm1.</summary>
    public static int? FamilyOf(string path)
    {
        var number = path.AsSpan(path.AsSpan().TrimEnd("0123456789").Length);
        try
        {
            using var file = FileDescriptor.Open($"/sys/class/tpm/tpm{number}/tpm_version_major", OpenFlags.Read);
            Span<byte> text = stackalloc byte[8];
            var digits = text[..file.Read(text)].Trim("\n"u8);
            return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    /// <summary>Opens a device, or connects to a socket.</summary>
    /// <param name="name">A path, or <see cref="SocketPrefix"/> and a path.</param>
    /// <exception cref="LinuxException">There is none (ENOENT), or it is in use (EBUSY, of <see cref="Raw"/> only).</exception>
    public static TpmDevice Open(string name) => Open(name, Patience);

    /// <inheritdoc cref="Open(string)"/>
    internal static TpmDevice Open(string name, TimeSpan limit) => name.StartsWith(SocketPrefix, StringComparison.Ordinal)
        ? new TpmDevice(Connect(name[SocketPrefix.Length..]), limit, isSocket: true)
        : new TpmDevice(FileDescriptor.Open(name, OpenFlags.ReadWrite), limit, isSocket: false);

    /// <summary>Sends one command and returns the whole reply.</summary>
    /// <exception cref="LinuxException">
    /// The TPM or the kernel did not accept the command at all; or a socket was closed (EPIPE), answered too late (ETIMEDOUT), or with
    /// more than it announced or any TPM has (EPROTO).
    /// </exception>
    public byte[] Exchange(ReadOnlySpan<byte> command)
    {
        var reply = new byte[LargestReply];
        if (!_isSocket)
        {
            _device.Write(command);
            return reply[.._device.Read(reply)];
        }
        // What came late is the answer to another command.
        if (HasMore())
            throw new LinuxException(Errno.EPROTO, "talk to", _device.Name);
        Send(command);
        var until = Environment.TickCount64 + (long)_limit.TotalMilliseconds;
        Receive(reply.AsSpan(0, HeaderSize), until);
        var length = BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(2));
        if (length is < HeaderSize or > LargestReply)
            throw new LinuxException(Errno.EPROTO, "read a reply of", _device.Name);
        Receive(reply.AsSpan(HeaderSize, (int)length - HeaderSize), until);
        return HasMore() ? throw new LinuxException(Errno.EPROTO, "read a reply of", _device.Name) : reply[..(int)length];
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();

    /// <summary>Without SIGPIPE if the other end has gone.</summary>
    private void Send(ReadOnlySpan<byte> data)
    {
        // SAFETY: the kernel reads at most the bytes that are left of the pinned span.
        fixed (byte* start = data)
        {
            for (var done = 0; done < data.Length;)
            {
                var put = send(_device, start + done, (nuint)(data.Length - done), MSG_NOSIGNAL);
                if (put >= 0)
                    done += (int)put;
                else if (ErrnoExtensions.Last() != Errno.EINTR)
                    throw LinuxException.Last("write", _device.Name);
            }
        }
    }

    private void Receive(Span<byte> part, long until)
    {
        while (!part.IsEmpty)
        {
            if (!IsReadable((int)Math.Max(0, until - Environment.TickCount64)))
                throw new LinuxException(Errno.ETIMEDOUT, "read a reply of", _device.Name);
            var got = _device.Read(part);
            if (got == 0)
                throw new LinuxException(Errno.EPIPE, "read a reply of", _device.Name);
            part = part[got..];
        }
    }

    /// <summary>Something is there to be read already; a closed socket is not meant.</summary>
    private bool HasMore()
    {
        byte one;
        // SAFETY: the kernel writes at most the one byte.
        return recv(_device, &one, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }

    private bool IsReadable(int milliseconds)
    {
        while (true)
        {
            var entry = new PollEntry { File = _device.Number, Events = POLLIN };
            // SAFETY: one entry, on this stack frame.
            var found = poll(&entry, 1, milliseconds);
            if (found >= 0)
                return found > 0;
            if (ErrnoExtensions.Last() != Errno.EINTR)
                throw LinuxException.Last("wait for", _device.Name);
        }
    }

    private static FileDescriptor Connect(string path)
    {
        var number = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (number < 0)
            throw LinuxException.Last("make a socket for", path);
        var file = new FileDescriptor(number, path);
        Span<byte> address = stackalloc byte[2 + LongestSocketPath + 1];
        address.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(address, AF_UNIX);
        if (!Encoding.UTF8.TryGetBytes(path, address[2..^1], out _))
        {
            file.Dispose();
            throw new LinuxException(Errno.ENAMETOOLONG, "connect to", path);
        }
        // SAFETY: a sockaddr_un, of which the kernel reads as many bytes as it is told.
        fixed (byte* start = address)
        {
            if (connect(file, start, (uint)address.Length) == 0)
                return file;
        }
        var problem = LinuxException.Last("connect to", path);
        file.Dispose();
        throw problem;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int File;
        public short Events, Found;
    }

    private const int AF_UNIX = 1, SOCK_STREAM = 1, SOCK_CLOEXEC = 0x80000, MSG_PEEK = 2, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;
    private const short POLLIN = 1;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(FileDescriptor file, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(FileDescriptor file, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(FileDescriptor file, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollEntry* entries, nuint count, int milliseconds);
}
