using System.Buffers.Binary;
using System.Security.Cryptography;
using Sealdisk.Crypto;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>A TPM's key derivation with SHA-256, for 32 bytes at once: one round of it (TPM 2.0 Library, part 1, 11.4.10).</summary>
internal static class TpmKdf
{
    private const int MaxLabel = 8, MaxContext = 64;

    /// <summary>KDFa: HMAC of a counter, the label, both contexts and the number of bits.</summary>
    /// <param name="key">At most 64 bytes.</param>
    /// <param name="label">With its NUL.</param>
    /// <param name="first">The first context.</param>
    /// <param name="second">The second context.</param>
    /// <param name="derived32">Receives 32 bytes.</param>
    internal static void FromKey(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> derived32)
    {
        Span<byte> message = stackalloc byte[4 + MaxLabel + 2 * MaxContext + 4];
        var length = Fill(message, [], label, first, second);
        BinaryPrimitives.WriteInt32BigEndian(message[length..], 8 * Sha256.Size);
        HmacSha256.Compute(key, message[..(length + 4)], derived32);
    }

    /// <summary>KDFe: the digest of a counter, the secret, the label, and what either party contributed.</summary>
    /// <param name="secret">The x coordinate of the secret point.</param>
    /// <param name="label">With its NUL.</param>
    /// <param name="first">The x coordinate of the ephemeral key.</param>
    /// <param name="second">The x coordinate of the other key.</param>
    /// <param name="derived32">Receives 32 bytes.</param>
    internal static void FromSecretPoint(
        ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> derived32)
    {
        Span<byte> message = stackalloc byte[4 + MaxLabel + 3 * MaxContext];
        var length = Fill(message, secret, label, first, second);
        Sha256.Hash(message[..length], derived32);
        CryptographicOperations.ZeroMemory(message);
    }

    private static int Fill(
        Span<byte> message, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        BinaryPrimitives.WriteInt32BigEndian(message, 1);
        var at = 4;
        at += Append(message[at..], secret);
        at += Append(message[at..], label);
        at += Append(message[at..], first);
        return at + Append(message[at..], second);
    }

    private static int Append(Span<byte> message, ReadOnlySpan<byte> part)
    {
        part.CopyTo(message);
        return part.Length;
    }
}
