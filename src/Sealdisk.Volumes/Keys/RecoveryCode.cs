using System.Security.Cryptography;
using Sealdisk.Crypto;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// Bytes as a person copies them from paper: a word that says what they are, then groups of four digits of base 32 (0-9 and the capital
/// letters without I, L, O and U), of which the last five or so are a check. Reading takes small letters, O for 0, I and L for 1, and
/// hyphens and spaces anywhere. No secret becomes a string.
/// </summary>
internal static class RecoveryCode
{
    /// <summary>Bytes of check: the first of SHA-256 over the word and the bytes. One mistake in sixteen million goes unseen.</summary>
    internal const int CheckSize = 3;

    private const int Group = 4;
    private static ReadOnlySpan<byte> Digits => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"u8;

    /// <summary>Characters of the text; the bytes and their check are a multiple of five.</summary>
    internal static int TextLength(int wordLength, int size)
    {
        var digits = (size + CheckSize) * 8 / 5;
        return wordLength + digits + (digits / Group);
    }

    /// <summary>Writes word, hyphen and groups.</summary>
    internal static void Write(ReadOnlySpan<byte> word, ReadOnlySpan<byte> bytes, Span<byte> text)
    {
        Span<byte> whole = stackalloc byte[bytes.Length + CheckSize];
        bytes.CopyTo(whole);
        Check(word, bytes, whole[bytes.Length..]);
        word.CopyTo(text);
        var at = word.Length;
        for (var digit = 0; digit < whole.Length * 8 / 5; digit++)
        {
            if (digit % Group == 0)
                text[at++] = (byte)'-';
            var value = 0;
            for (var bit = digit * 5; bit < (digit * 5) + 5; bit++)
                value = (value << 1) | ((whole[bit / 8] >> (7 - (bit % 8))) & 1);
            text[at++] = Digits[value];
        }
        CryptographicOperations.ZeroMemory(whole);
    }

    /// <summary>Reads such a text.</summary>
    /// <returns>Null; or what is wrong, continuing "it ...". The bytes are then zero.</returns>
    internal static string? Read(ReadOnlySpan<byte> word, ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        bytes.Clear();
        text = text.Trim(" \t\r\n"u8);
        if (!text.StartsWith(word))
            return $"does not begin with {System.Text.Encoding.ASCII.GetString(word)}";
        Span<byte> whole = stackalloc byte[bytes.Length + CheckSize];
        whole.Clear();
        var bit = 0;
        foreach (var letter in text[word.Length..])
        {
            if (letter is (byte)'-' or (byte)' ')
                continue;
            var value = Value(letter);
            if (value < 0)
                return "has a character that is no digit of it";
            if (bit + 5 > whole.Length * 8)
                return "is too long";
            for (var i = 4; i >= 0; i--, bit++)
                whole[bit / 8] |= (byte)(((value >> i) & 1) << (7 - (bit % 8)));
        }
        if (bit < whole.Length * 8)
            return "is too short";
        Span<byte> check = stackalloc byte[CheckSize];
        Check(word, whole[..bytes.Length], check);
        if (!check.SequenceEqual(whole[bytes.Length..]))
            return "is mistyped: its check digits do not fit";
        whole[..bytes.Length].CopyTo(bytes);
        CryptographicOperations.ZeroMemory(whole);
        return null;
    }

    private static int Value(byte letter)
    {
        var capital = letter is >= (byte)'a' and <= (byte)'z' ? (byte)(letter - 32) : letter;
        return capital switch
        {
            (byte)'O' => 0,
            (byte)'I' or (byte)'L' => 1,
            _ => Digits.IndexOf(capital),
        };
    }

    private static void Check(ReadOnlySpan<byte> word, ReadOnlySpan<byte> bytes, Span<byte> check)
    {
        Span<byte> message = stackalloc byte[word.Length + bytes.Length];
        Span<byte> hash = stackalloc byte[Sha256.Size];
        word.CopyTo(message);
        bytes.CopyTo(message[word.Length..]);
        Sha256.Hash(message, hash);
        hash[..CheckSize].CopyTo(check);
        CryptographicOperations.ZeroMemory(message);
    }
}
