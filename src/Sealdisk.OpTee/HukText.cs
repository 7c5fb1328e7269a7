using System.Security.Cryptography;

namespace Sealdisk.OpTee;

/// <summary>
/// A hardware unique key as the text of a HUK file: 32 to 64 hex digits of either case and at most one line feed after them. The digits
/// go from one buffer of the caller's straight into the other; no copy is made, and no message shows any of them.
/// </summary>
public static class HukText
{
    /// <summary>Bytes of the shortest HUK: OP-TEE's default length.</summary>
    internal const int MinBytes = 16;

    /// <summary>Bytes of the longest HUK: Qualcomm's, and HMAC-SHA256's limit of usefulness.</summary>
    public const int MaxBytes = 32;

    /// <summary>Bytes of text of the longest HUK file.</summary>
    public const int MaxText = (2 * MaxBytes) + 1;

    /// <summary>Decodes the text.</summary>
    /// <param name="utf8">The file's content. The caller owns and wipes it.</param>
    /// <param name="huk">At least <see cref="MaxBytes"/> bytes; receives the HUK and zeros after it. All zero after an exception.</param>
    /// <returns>The HUK's length in bytes, 16 to 32.</returns>
    /// <exception cref="HukTextException">The text is not a HUK.</exception>
    /// <exception cref="ArgumentException"><paramref name="huk"/> is too short for the longest HUK.</exception>
    public static int Parse(ReadOnlySpan<byte> utf8, Span<byte> huk)
    {
        if (huk.Length < MaxBytes)
            throw new ArgumentException("a hardware unique key needs room for 32 bytes", nameof(huk));
        CryptographicOperations.ZeroMemory(huk);

        var digits = Hex.WithoutLineFeed(utf8);
        if (digits.IsEmpty)
            throw new HukTextException("it is empty");
        var other = Hex.IndexOfOther(digits);
        if (other >= 0)
            throw new HukTextException($"byte {other} is not a hex digit");
        if (digits.Length % 2 != 0)
            throw new HukTextException($"it has an odd number of hex digits ({digits.Length})");
        if (digits.Length is < 2 * MinBytes or > 2 * MaxBytes)
            throw new HukTextException($"it has {digits.Length} hex digits; a hardware unique key has 32 to 64");

        Hex.Decode(digits, huk);
        return digits.Length / 2;
    }

    /// <summary>Encodes a HUK in lower case, with a line feed.</summary>
    /// <param name="huk">16 to 32 bytes.</param>
    /// <param name="utf8">Receives twice that and the line feed. The caller owns and wipes it.</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static void Write(ReadOnlySpan<byte> huk, Span<byte> utf8)
    {
        if (huk.Length is < MinBytes or > MaxBytes)
            throw new ArgumentException("a hardware unique key has 16 to 32 bytes", nameof(huk));
        if (utf8.Length != (2 * huk.Length) + 1)
            throw new ArgumentException("the text of a hardware unique key has two digits for each byte, and a line feed", nameof(utf8));
        Hex.Encode(huk, utf8);
        utf8[^1] = (byte)'\n';
    }
}

/// <summary>
/// A text is not a HUK. The message is only the cause, to follow "cannot read hardware unique key FILE: ", and never shows a digit of it.
/// </summary>
public sealed class HukTextException(string cause) : FormatException(cause);
