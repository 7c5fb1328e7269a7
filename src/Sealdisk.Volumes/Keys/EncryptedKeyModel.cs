using System.Security.Cryptography;
using Sealdisk.Crypto;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// What the kernel's key type <c>encrypted</c> does with a key, bit for bit, in software: AES-256-CBC under one key derived from the
/// master, HMAC-SHA256 under another. Only what is on our own stack ever holds either, and it is wiped before a call returns.
/// </summary>
internal static class EncryptedKeyModel
{
    /// <summary>Bytes of the longest master key that is taken here; the kernel's trusted keys have at most 128.</summary>
    internal const int MaxMaster = 1024;

    /// <summary>Encrypts a key.</summary>
    /// <param name="format">default, ecryptfs or enc32.</param>
    /// <param name="master">"trusted:DESCRIPTION" or "user:DESCRIPTION".</param>
    /// <param name="masterKey">The master's payload; stays the caller's.</param>
    /// <param name="iv16">16 random bytes.</param>
    /// <param name="key">A size that the format takes; stays the caller's.</param>
    internal static EncryptedKeyText Wrap(
        string format, string master, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> iv16, ReadOnlySpan<byte> key)
    {
        if (EncryptedKeyText.SizeProblem(format, key.Length) is { } problem)
            throw new ArgumentException(problem, nameof(key));
        // In place, so that the plaintext is nowhere but on the stack.
        Span<byte> data = stackalloc byte[EncryptedKeyText.RoundUp(key.Length)];
        Span<byte> derived = stackalloc byte[Sha256.Size];
        data.Clear();
        key.CopyTo(data);
        Derive("ENC_KEY\0"u8, masterKey, derived);
        AesCbc.Encrypt(derived, iv16, data);
        var text = new EncryptedKeyText(format, master, key.Length, iv16.ToArray(), data.ToArray(), new byte[Sha256.Size]);
        Derive("AUTH_KEY\0"u8, masterKey, derived);
        HmacSha256.Compute(derived, text.Authenticated(), text.Mac);
        CryptographicOperations.ZeroMemory(derived);
        return text;
    }

    /// <summary>Decrypts a key; not a byte of it if the MAC is wrong.</summary>
    /// <param name="text">As the kernel printed it.</param>
    /// <param name="masterKey">The master's payload; stays the caller's.</param>
    /// <param name="key">Receives <see cref="EncryptedKeyText.KeySize"/> bytes; the caller owns and wipes it.</param>
    /// <returns>False if it was altered, or encrypted under another master key or another name of it.</returns>
    internal static bool Unwrap(EncryptedKeyText text, ReadOnlySpan<byte> masterKey, Span<byte> key)
    {
        if (key.Length != text.KeySize)
            throw new ArgumentException($"{text.KeySize} bytes are wanted, not {key.Length}", nameof(key));
        Span<byte> derived = stackalloc byte[Sha256.Size];
        Span<byte> mac = stackalloc byte[Sha256.Size];
        Derive("AUTH_KEY\0"u8, masterKey, derived);
        HmacSha256.Compute(derived, text.Authenticated(), mac);
        key.Clear();
        var isRight = CryptographicOperations.FixedTimeEquals(mac, text.Mac);
        if (isRight)
        {
            Span<byte> data = stackalloc byte[text.Ciphertext.Length];
            text.Ciphertext.CopyTo(data);
            Derive("ENC_KEY\0"u8, masterKey, derived);
            AesCbc.Decrypt(derived, text.Iv, data);
            data[..key.Length].CopyTo(key);
            CryptographicOperations.ZeroMemory(data);
        }
        CryptographicOperations.ZeroMemory(derived);
        return isRight;
    }

    /// <summary>
    /// SHA-256 of the word and the master key, in a buffer that the kernel makes large enough for the longer of its two words: so one
    /// zero byte more follows the master after the shorter word, and both are at least 32 bytes.
    /// </summary>
    private static void Derive(ReadOnlySpan<byte> word, ReadOnlySpan<byte> masterKey, Span<byte> derived)
    {
        if (masterKey.Length > MaxMaster)
            throw new ArgumentException($"a master key has at most {MaxMaster} bytes", nameof(masterKey));
        Span<byte> buffer = stackalloc byte[Math.Max("AUTH_KEY\0"u8.Length + masterKey.Length, Sha256.Size)];
        buffer.Clear();
        word.CopyTo(buffer);
        masterKey.CopyTo(buffer[word.Length..]);
        Sha256.Hash(buffer, derived);
        CryptographicOperations.ZeroMemory(buffer);
    }
}
