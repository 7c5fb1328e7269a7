using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// AES in CFB mode with whole blocks of feedback (NIST SP 800-38A, CFB128) over a few bytes in place: how a TPM encrypts parameters.
/// </summary>
public static class AesCfb
{
    /// <summary>Encrypts.</summary>
    /// <param name="key">16, 24 or 32 bytes; stays the caller's.</param>
    /// <param name="iv">16 bytes.</param>
    /// <param name="data">Any number of bytes.</param>
    public static void Encrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data) => Run(key, iv, data, encrypt: true);

    /// <summary>Decrypts.</summary>
    /// <param name="key">16, 24 or 32 bytes; stays the caller's.</param>
    /// <param name="iv">16 bytes.</param>
    /// <param name="data">Any number of bytes.</param>
    public static void Decrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data) => Run(key, iv, data, encrypt: false);

    private static void Run(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data, bool encrypt)
    {
        Span<byte> chained = stackalloc byte[AesCbc.BlockSize];
        Span<byte> stream = stackalloc byte[AesCbc.BlockSize];
        iv.CopyTo(chained);
        while (!data.IsEmpty)
        {
            // One block of zeros in CBC mode is the cipher of its IV.
            stream.Clear();
            AesCbc.Encrypt(key, chained, stream);
            var block = data[..Math.Min(data.Length, AesCbc.BlockSize)];
            if (!encrypt)
                block.CopyTo(chained);
            for (var i = 0; i < block.Length; i++)
                block[i] ^= stream[i];
            if (encrypt)
                block.CopyTo(chained);
            data = data[block.Length..];
        }
        CryptographicOperations.ZeroMemory(chained);
        CryptographicOperations.ZeroMemory(stream);
    }
}
