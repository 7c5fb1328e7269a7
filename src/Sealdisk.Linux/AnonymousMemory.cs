using System.Buffers;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// Zeroed memory straight from the kernel, outside the collector's heap and its limit, released on Dispose. Not for secrets: see
/// <see cref="SecretBuffer"/>.
/// </summary>
/// <remarks>A span of it must not outlive it.</remarks>
public sealed unsafe partial class AnonymousMemory : MemoryManager<ulong>
{
    private readonly nuint _bytes;
    private ulong* _start;

    /// <summary>Maps room for that many words.</summary>
    /// <exception cref="LinuxException">There is not enough memory (ENOMEM).</exception>
    public AnonymousMemory(int words)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(words);
        Words = words;
        _bytes = (nuint)words * sizeof(ulong);
        // SAFETY: a fresh private mapping that nothing else refers to.
        var start = mmap(null, _bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED)
            throw LinuxException.Last("allocate memory for", "a table");
        _start = (ulong*)start;
    }

    /// <summary>How many words there are.</summary>
    public int Words { get; }

    /// <inheritdoc/>
    public override Span<ulong> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        // SAFETY: the mapping has that many words and lives until Dispose.
        return new Span<ulong>(_start, Words);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
        // It never moves.
    }

    /// <summary>Releases the memory. A second call is harmless.</summary>
    public void Release() => ((IDisposable)this).Dispose();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        var start = _start;
        _start = null;
        // SAFETY: this mapping, and only once.
        if (start != null)
            _ = munmap(start, _bytes);
    }

    private const int PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20;
    private static readonly void* MAP_FAILED = (void*)-1;

    [LibraryImport("libc", SetLastError = true)]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(void* address, nuint length);
}
