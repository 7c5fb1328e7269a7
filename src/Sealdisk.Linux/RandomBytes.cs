using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// The kernel's random number generator, getrandom(2). Blocks until the kernel has seeded it. By hand: .NET's RandomNumberGenerator
/// loads OpenSSL.
/// </summary>
public static partial class RandomBytes
{
    public static unsafe void Fill(Span<byte> destination)
    {
        // SAFETY: the pointer stays within the pinned span, and length is what is left of it.
        fixed (byte* start = destination)
        {
            var done = 0;
            while (done < destination.Length)
            {
                var got = getrandom(start + done, (nuint)(destination.Length - done), 0);
                if (got >= 0)
                    done += (int)got;
                else if (ErrnoExtensions.Last() != Errno.EINTR)
                    throw LinuxException.Last("get random bytes from", "the kernel");
            }
        }
    }

    /// <summary>False in the first moments of a boot, when <see cref="Fill"/> would wait for the kernel to gather entropy.</summary>
    public static unsafe bool IsSeeded
    {
        get
        {
            byte one;
            // SAFETY: the kernel writes at most the one byte.
            return getrandom(&one, 1, GRND_NONBLOCK) == 1;
        }
    }

    private const uint GRND_NONBLOCK = 1;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint getrandom(byte* buffer, nuint length, uint flags);
}
