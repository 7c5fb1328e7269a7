using System.Text;

namespace Sealdisk.OpTee;

/// <summary>
/// A blob as text, exactly as `keyctl pipe` prints it and `keyctl add trusted NAME "load ..."` takes it: hex digits with nothing
/// before, between or after them. A blob is not secret, so it may be a string; the key in it never is.
/// </summary>
/// <remarks>
/// The kernel halves the number of characters, rounding down, and so silently ignores an odd last digit or a line feed. A blob that has
/// lost a digit is damaged, so we are stricter: one line feed at the end is allowed (editors add it); everything else is an error.
/// </remarks>
public static class BlobText
{
    /// <summary>Bytes of the longest blob of any trust source (PowerVM's, in newer kernels; before that, 512).</summary>
    public const int MaxBytes = 1152;

    /// <summary>Hex digits of the longest blob.</summary>
    public const int MaxDigits = 2 * MaxBytes;

    private const int MaxText = MaxDigits + 1;

    /// <summary>Lower-case hex, no line feed.</summary>
    public static string Write(ReadOnlySpan<byte> blob)
    {
        var digits = new byte[2 * blob.Length];
        Hex.Encode(blob, digits);
        return Encoding.ASCII.GetString(digits);
    }

    /// <summary>Lower-case hex into the caller's memory, for bytes that must not become a string.</summary>
    /// <param name="bytes">Any number of bytes.</param>
    /// <param name="digits">Receives two for each of them.</param>
    public static void Encode(ReadOnlySpan<byte> bytes, Span<byte> digits) => Hex.Encode(bytes, digits);

    /// <summary>Reads hex of either case with at most one line feed at its end.</summary>
    /// <returns>The blob, 1..<see cref="MaxBytes"/> bytes.</returns>
    /// <exception cref="BlobTextException">Any other text; the exception names the byte at which it is wrong.</exception>
    public static byte[] Parse(ReadOnlySpan<byte> utf8)
    {
        var digits = Hex.WithoutLineFeed(utf8);
        if (digits.Length > 2 * MaxBytes)
            throw new BlobTextException(2 * MaxBytes, $"it is longer than any sealed key ({2 * MaxBytes} hex digits)");
        if (digits.IsEmpty)
            throw new BlobTextException(0, "it is empty");

        var other = Hex.IndexOfOther(digits);
        if (other > 0 && IsSpace(digits[other]))
            throw new BlobTextException(other, $"trailing text: byte {other} is {Name(digits[other])}, after {other} hex digits");
        if (other >= 0)
            throw new BlobTextException(other, $"not hex: byte {other} is {Name(digits[other])}");
        if (digits.Length % 2 != 0)
        {
            var last = digits.Length - 1;
            throw new BlobTextException(last, $"an odd number of hex digits ({digits.Length}): the digit at byte {last} stands alone");
        }

        var blob = new byte[digits.Length / 2];
        Hex.Decode(digits, blob);
        return blob;
    }

    /// <summary>Reads a blob file. Reads no more than the longest blob needs, so the path may name any file, pipe or device.</summary>
    /// <exception cref="BlobTextException">As <see cref="Parse"/>, or the file is longer than any blob.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, or it is a directory.</exception>
    public static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var text = new byte[MaxText + 1];
        var length = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        return Parse(text.AsSpan(0, length));
    }

    private static bool IsSpace(byte c) => c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    private static string Name(byte c) => c switch
    {
        (byte)'\n' => "a line feed",
        (byte)'\r' => "a carriage return",
        (byte)'\t' => "a tab",
        (byte)' ' => "a space",
        > 0x20 and < 0x7f => $"'{(char)c}'",
        _ => $"0x{c:x2}",
    };
}

/// <summary>A text is not a blob. The message is only the cause, to follow "cannot read sealed key FILE: ".</summary>
public sealed class BlobTextException(int position, string cause) : FormatException(cause)
{
    /// <summary>The byte, counted from 0, at which the text is wrong.</summary>
    public int Position { get; } = position;
}
