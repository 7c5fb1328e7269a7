using System.Security.Cryptography;
using Sealdisk.Crypto;

namespace Sealdisk.OpTee.Huk;

/// <summary>
/// A search for the five bytes from which a Nuvoton NPCM8xx's HUK is made. Many processors could try all 2^40 values in time, but not
/// one command; this tries the most likely ones (<see cref="Scope"/>).
/// </summary>
public static class NpcmSearch
{
    /// <summary>The values that are tried, for people.</summary>
    public const string Scope = "five bytes of which at most two are not zero, five equal bytes, five decimal digits in ASCII";

    /// <summary>How many values are tried.</summary>
    public const int Count = 1 + (5 * 255) + (10 * 255 * 255) + 255 + 100_000;

    /// <summary>The five bytes under whose HUK the blob was sealed, or null.</summary>
    /// <exception cref="ArgumentException">It cannot be a blob of OP-TEE's.</exception>
    public static byte[]? Find(ReadOnlySpan<byte> blob)
    {
        if (blob.Length is < TrustedKeysTa.MinBlob or > TrustedKeysTa.MaxBlob)
            throw new ArgumentException("a blob of OP-TEE's does not have this length", nameof(blob));
        using var tag = new Gcm();
        Span<byte> bytes = stackalloc byte[5];
        bytes.Clear();
        if (Opens(tag, bytes, blob))
            return bytes.ToArray();

        for (var first = 0; first < 5; first++)
        {
            for (var a = 1; a < 256; a++)
            {
                bytes.Clear();
                bytes[first] = (byte)a;
                if (Opens(tag, bytes, blob))
                    return bytes.ToArray();
                for (var second = first + 1; second < 5; second++)
                {
                    for (var b = 1; b < 256; b++)
                    {
                        bytes[second] = (byte)b;
                        if (Opens(tag, bytes, blob))
                            return bytes.ToArray();
                    }
                    bytes[second] = 0;
                }
            }
        }
        for (var all = 1; all < 256; all++)
        {
            bytes.Fill((byte)all);
            if (Opens(tag, bytes, blob))
                return bytes.ToArray();
        }
        for (var number = 0; number < 100_000; number++)
        {
            for (var (i, rest) = (4, number); i >= 0; i--, rest /= 10)
                bytes[i] = (byte)('0' + (rest % 10));
            if (Opens(tag, bytes, blob))
                return bytes.ToArray();
        }
        return null;
    }

    private static bool Opens(Gcm tag, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> blob)
    {
        Span<byte> huk = stackalloc byte[HukModels.Size];
        Span<byte> taKey = stackalloc byte[Gcm.KeySize];
        HukModels.Npcm(bytes, huk);
        TrustedKeysTa.DeriveKey(huk, taKey);
        tag.SetKey(taKey);
        CryptographicOperations.ZeroMemory(taKey);
        return TrustedKeysTa.IsSealedUnder(tag, blob);
    }
}
