namespace Sealdisk.OpTee;

/// <summary>Hex digits as bytes of UTF-8, so that a key never becomes a string. By hand: .NET's Convert writes strings.</summary>
internal static class Hex
{
    public static bool IsDigit(byte c) => char.IsAsciiHexDigit((char)c);

    /// <summary>The text without the one line feed that may end it.</summary>
    public static ReadOnlySpan<byte> WithoutLineFeed(ReadOnlySpan<byte> utf8) => utf8 is [.. var digits, (byte)'\n'] ? digits : utf8;

    /// <summary>Position of the first byte that is not a hex digit, or -1.</summary>
    public static int IndexOfOther(ReadOnlySpan<byte> utf8)
    {
        for (var i = 0; i < utf8.Length; i++)
        {
            if (!IsDigit(utf8[i]))
                return i;
        }

        return -1;
    }

    /// <summary>Decodes an even number of digits that are known to be digits.</summary>
    public static void Decode(ReadOnlySpan<byte> digits, Span<byte> bytes)
    {
        for (var i = 0; i < digits.Length / 2; i++)
            bytes[i] = (byte)((Value(digits[2 * i]) << 4) | Value(digits[(2 * i) + 1]));
    }

    /// <summary>Encodes in lower case: two digits for each byte.</summary>
    public static void Encode(ReadOnlySpan<byte> bytes, Span<byte> digits)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            digits[2 * i] = Digit(bytes[i] >> 4);
            digits[(2 * i) + 1] = Digit(bytes[i] & 15);
        }
    }

    private static int Value(byte c) => c <= (byte)'9' ? c - '0' : (c | 0x20) - 'a' + 10;

    private static byte Digit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);
}
