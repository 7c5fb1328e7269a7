using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// HMAC-SHA256 (RFC 2104) of a message that fits on the stack, which is wiped after use. By hand for the same reasons as
/// <see cref="Sha256"/>.
/// </summary>
public static class HmacSha256
{
    /// <summary>Bytes of the longest message.</summary>
    internal const int MaxMessage = 8192;

    private const int BlockSize = 64;

    /// <summary>Computes the MAC.</summary>
    /// <param name="key">At most 64 bytes.</param>
    /// <param name="message">At most <see cref="MaxMessage"/> bytes.</param>
    /// <param name="mac32">Receives 32 bytes.</param>
    /// <exception cref="ArgumentException">Key or message is too long.</exception>
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac32)
    {
        if (key.Length > BlockSize)
            throw new ArgumentException($"a key has at most {BlockSize} bytes", nameof(key));
        if (message.Length > MaxMessage)
            throw new ArgumentException($"a message has at most {MaxMessage} bytes", nameof(message));
        Span<byte> padded = stackalloc byte[BlockSize + Math.Max(message.Length, Sha256.Size)];
        XorPad(key, 0x36, padded[..BlockSize]);
        message.CopyTo(padded[BlockSize..]);
        Sha256.Hash(padded[..(BlockSize + message.Length)], mac32);

        XorPad(key, 0x5c, padded[..BlockSize]);
        mac32.CopyTo(padded[BlockSize..]);
        Sha256.Hash(padded[..(BlockSize + Sha256.Size)], mac32);
        CryptographicOperations.ZeroMemory(padded);
    }

    private static void XorPad(ReadOnlySpan<byte> key, byte value, Span<byte> pad)
    {
        pad.Fill(value);
        for (var i = 0; i < key.Length; i++)
            pad[i] ^= key[i];
    }
}
