using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Cli;

/// <summary>A file with a sealed key, named on the command line.</summary>
internal static class BlobFile
{
    private const int LongestText = (2 * BlobText.MaxBytes) + 1;

    /// <summary>Reads the blob, and no more of the file than the longest blob needs; so any file, pipe or device may be named.</summary>
    /// <exception cref="SealdiskException">There is no such file, it may not be read, or it holds no blob text (exit code 2).</exception>
    internal static byte[] Read(string path)
    {
        try
        {
            return ReadText(path);
        }
        catch (BlobTextException problem)
        {
            throw SealdiskException.Usage(
                $"cannot read sealed key {path}: {problem.Message}",
                "it should be the hex text that 'keyctl pipe' or 'sealdisk key new' wrote");
        }
    }

    /// <summary>The same, for a caller to whom a file without blob text is an answer.</summary>
    /// <exception cref="SealdiskException">There is no such file, or it may not be read (exit code 2).</exception>
    /// <exception cref="BlobTextException">It holds no blob text.</exception>
    internal static byte[] ReadText(string path)
    {
        try
        {
            using var file = FileDescriptor.Open(path, OpenFlags.Read);
            var text = new byte[LongestText + 1];
            var length = 0;
            while (length < text.Length && file.Read(text.AsSpan(length)) is > 0 and var got)
                length += got;
            return BlobText.Parse(text.AsSpan(0, length));
        }
        catch (LinuxException problem) when (problem.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.EISDIR)
        {
            throw SealdiskException.Usage(problem.Message);
        }
    }
}
