using System.Buffers;
using System.Security.Cryptography;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A file with secret fuse values, as people have them: raw bytes; or text, being hex digits with white space anywhere between bytes, or
/// 32-bit words such as <c>0x1234abcd</c>, which are then laid out little-endian, as the fuses lie in memory. At most 64 bytes. No digit
/// becomes a string.
/// </summary>
public static class FuseFile
{
    private const int LongestText = 4096;
    private const int LongestValue = 64;

    /// <summary>Reads the values into locked memory, which the caller wipes by disposing it.</summary>
    /// <exception cref="SealdiskException">Absent, too long, or neither raw bytes nor such text (exit code 2).</exception>
    public static SecretBuffer Read(string path)
    {
        using var text = SecretBuffer.Allocate(LongestText);
        var length = Load(path, text.Memory.Span);
        using var bytes = SecretBuffer.Allocate(LongestText);
        var count = Decode(text.Memory.Span[..length], bytes.Memory.Span);
        if (count < 0)
        {
            count = length;
            text.Memory.Span[..length].CopyTo(bytes.Memory.Span);
        }
        if (count is 0 or > LongestValue)
            throw SealdiskException.Usage(
                $"cannot use fuse values {path}: it holds {count} bytes; 5 to {LongestValue} are possible",
                "give raw bytes, hex text, or words such as 0x1234abcd");
        var values = SecretBuffer.Allocate(count);
        bytes.Memory.Span[..count].CopyTo(values.Memory.Span);
        return values;
    }

    private static int Load(string path, Span<byte> text)
    {
        try
        {
            using var file = FileDescriptor.Open(path, OpenFlags.Read | OpenFlags.NoControllingTerminal);
            var length = 0;
            while (length < text.Length && file.Read(text[length..]) is > 0 and var got)
                length += got;
            return length < text.Length
                ? length
                : throw SealdiskException.Usage($"cannot use fuse values {path}: it is longer than {LongestText - 1} bytes");
        }
        catch (LinuxException problem) when (problem.Errno is Errno.ENOENT or Errno.EISDIR or Errno.ENOTDIR or Errno.EACCES)
        {
            throw SealdiskException.Usage(problem.Message);
        }
    }

    /// <summary>The number of bytes, or -1 if it is not text.</summary>
    private static int Decode(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        var count = 0;
        while (true)
        {
            text = text.TrimStart(" \t\r\n,"u8);
            if (text.IsEmpty)
                return count;
            var end = text.IndexOfAny(" \t\r\n,"u8);
            var word = end < 0 ? text : text[..end];
            text = text[word.Length..];
            var isWord = word.StartsWith("0x"u8) && word.Length == 10;
            var digits = isWord ? word[2..] : word;
            if (Convert.FromHexString(digits, bytes[count..], out _, out var written) != OperationStatus.Done)
            {
                CryptographicOperations.ZeroMemory(bytes);
                return -1;
            }
            if (isWord)
                bytes.Slice(count, written).Reverse();
            count += written;
        }
    }
}
