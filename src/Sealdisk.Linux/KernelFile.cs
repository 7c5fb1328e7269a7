using System.Text;

namespace Sealdisk.Linux;

/// <summary>
/// A file of /proc or /sys as text, by open, read and close alone: .NET's own streams would also ask for its size and lock it.
/// </summary>
public static class KernelFile
{
    private const int Page = 4096;

    /// <summary>The whole text; null if there is no such file, or if its object has gone meanwhile.</summary>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static string? TryRead(string path)
    {
        try
        {
            using var file = FileDescriptor.Open(path, OpenFlags.Read);
            var bytes = new byte[Page];
            var length = 0;
            while (file.Read(bytes.AsSpan(length)) is > 0 and var got)
            {
                length += got;
                if (length == bytes.Length)
                    Array.Resize(ref bytes, 2 * length);
            }
            return Encoding.UTF8.GetString(bytes, 0, length);
        }
        catch (LinuxException none) when (none.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ENODEV or Errno.ENXIO)
        {
            return null;
        }
    }
}
