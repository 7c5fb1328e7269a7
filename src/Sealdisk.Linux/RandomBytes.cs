using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>The kernel's random number generator, getrandom(2). Blocks until the kernel has seeded it.</summary>
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

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint getrandom(byte* buffer, nuint length, uint flags);
}
