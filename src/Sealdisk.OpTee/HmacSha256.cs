using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;

namespace Sealdisk.OpTee;

/// <summary>
/// HMAC-SHA256 (RFC 2104) over BouncyCastle's digest. BouncyCastle's own HMac keeps the padded key in private arrays that nobody can
/// wipe; here the padded key is on our stack, and the digest forgets its input when it is finished.
/// </summary>
internal static class HmacSha256
{
    private const int BlockSize = 64;

    /// <param name="key">At most 64 bytes, which is all that a HUK needs.</param>
    /// <param name="message">Any length.</param>
    /// <param name="mac32">Receives 32 bytes.</param>
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac32)
    {
        Span<byte> pad = stackalloc byte[BlockSize];
        Span<byte> inner = stackalloc byte[32];
        var digest = new Sha256Digest();
        try
        {
            XorPad(key, 0x36, pad);
            digest.BlockUpdate(pad);
            digest.BlockUpdate(message);
            digest.DoFinal(inner);

            XorPad(key, 0x5c, pad);
            digest.BlockUpdate(pad);
            digest.BlockUpdate(inner);
            digest.DoFinal(mac32);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pad);
            CryptographicOperations.ZeroMemory(inner);
        }
    }

    private static void XorPad(ReadOnlySpan<byte> key, byte value, Span<byte> pad)
    {
        pad.Fill(value);
        for (var i = 0; i < key.Length; i++)
            pad[i] ^= key[i];
    }
}
