using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Linux;

/// <summary>
/// Memory for key bytes: whole pages of their own, locked in memory, left out of core dumps, blank in a forked child, never moved by
/// the collector, and wiped on Dispose (a finalizer is the backstop). Starts zeroed.
/// </summary>
/// <remarks>
/// A span or <see cref="Memory{T}"/> of it must not outlive the buffer: keep the buffer in a <c>using</c>, or in a field as long as
/// they are used.
/// </remarks>
public sealed unsafe partial class SecretBuffer : MemoryManager<byte>
{
    private readonly nuint _mapped;
    private byte* _start;

    private SecretBuffer(byte* start, int length, nuint mapped)
    {
        _start = start;
        Length = length;
        _mapped = mapped;
    }

    // A buffer that was not disposed must still be wiped. A span that outlives it then faults, which is better than a key that lingers.
#pragma warning disable CA2015, MA0055
    ~SecretBuffer() => Dispose(disposing: false);
#pragma warning restore CA2015, MA0055

    /// <summary>How many bytes it lends; the pages behind may hold more, which stay zero.</summary>
    public int Length { get; }

    /// <summary>Its address, for looking it up in /proc/self/smaps.</summary>
    internal ulong Address => (ulong)_start;

    /// <summary>A zeroed buffer of <paramref name="length"/> bytes.</summary>
    /// <exception cref="LinuxException">The memory cannot be allocated or locked (EPERM, ENOMEM, EAGAIN: RLIMIT_MEMLOCK).</exception>
    public static SecretBuffer Allocate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        var page = (nuint)Environment.SystemPageSize;
        var mapped = ((nuint)length + page - 1) / page * page;

        // SAFETY: a fresh private mapping; every call below refers to exactly this mapping.
        var start = mmap(null, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED)
            throw LinuxException.Last("allocate memory for", "a secret");
        if (mlock(start, mapped) != 0)
            throw Refused(start, mapped, "lock memory (RLIMIT_MEMLOCK, see 'ulimit -l', or CAP_IPC_LOCK) for");
        if (madvise(start, mapped, MADV_DONTDUMP) != 0)
            throw Refused(start, mapped, "keep out of core dumps");
        if (madvise(start, mapped, MADV_WIPEONFORK) != 0 && madvise(start, mapped, MADV_DONTFORK) != 0)
            throw Refused(start, mapped, "keep from child processes");
        return new SecretBuffer(start, length, mapped);
    }

    /// <summary>A buffer of <paramref name="length"/> random bytes.</summary>
    public static SecretBuffer Random(int length)
    {
        var buffer = Allocate(length);
        RandomBytes.Fill(buffer.GetSpan());
        return buffer;
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The buffer has been wiped.</exception>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        // SAFETY: the mapping is at least Length bytes long and lives until Dispose.
        return new Span<byte>(_start, Length);
    }

    /// <summary>Wipes and releases the memory. A second call is harmless.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
#pragma warning disable CA1816 // The base class has Dispose as an explicit interface member only; this is the same in the open.
        GC.SuppressFinalize(this);
#pragma warning restore CA1816
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Length, nameof(elementIndex));
        // SAFETY: inside the mapping, which never moves.
        return new MemoryHandle(_start + elementIndex, default, this);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>Shows its length, never its content.</summary>
    public override string ToString() => $"SecretBuffer({Length} bytes)";

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        var start = _start;
        if (start == null)
            return;
        _start = null;
        // SAFETY: this call alone owns the mapping now; it is wiped while still locked, then unmapped (which unlocks it).
        CryptographicOperations.ZeroMemory(new Span<byte>(start, Length));
        munmap(start, _mapped);
    }

    private static LinuxException Refused(byte* start, nuint mapped, string operation)
    {
        var exception = LinuxException.Last(operation, "a secret");
        munmap(start, mapped);
        return exception;
    }

    private const int PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 0x02, MAP_ANONYMOUS = 0x20;
    private const int MADV_DONTFORK = 10, MADV_DONTDUMP = 16, MADV_WIPEONFORK = 18;
    private static readonly byte* MAP_FAILED = (byte*)-1;

    [LibraryImport("libc", SetLastError = true)]
    private static partial byte* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mlock(void* address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(void* address, nuint length, int advice);
}
