using System.Security.Cryptography;
using Sealdisk.Crypto;

namespace Sealdisk.OpTee;

/// <summary>HMAC-SHA256 (RFC 2104) of a short message, entirely on the stack and wiped after use.</summary>
internal static class HmacSha256
{
    private const int BlockSize = 64;

    /// <param name="key">At most 64 bytes, which is all that a HUK needs.</param>
    /// <param name="message">At most 64 bytes, which is all that the usage of a HUK needs.</param>
    /// <param name="mac32">Receives 32 bytes.</param>
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac32)
    {
        Span<byte> padded = stackalloc byte[2 * BlockSize];
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
