using System.Security.Cryptography;
using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A volume key wrapped for a recovery key (docs/recovery.md): whoever has the public half wraps, only the secret half opens.
/// <code>
///  0   1  version, 1
///  1   8  which recovery key: the first bytes of SHA-256 of its public half P
///  9  32  E, the public half of a key pair that was made for this and thrown away
/// 41  16  tag
/// 57   n  AES-256-GCM of the key; IV 16 zero bytes
/// key = HMAC-SHA256(X25519(e, P), "sealdisk recovery wrap 1" || bytes 1 to 40 || P)
/// </code>
/// </summary>
internal static class RecoveryWrap
{
    private const byte Version = 1;
    private const int IdAt = 1, IdSize = 8;
    private const int EphemeralAt = IdAt + IdSize;
    private const int TagAt = EphemeralAt + X25519.Size;
    private const int TextAt = TagAt + Gcm.BlockSize;

    /// <summary>Bytes of a volume key that can be in one.</summary>
    internal const int MaxKey = EncryptedKeyText.MaxKey;

    private static ReadOnlySpan<byte> Label => "sealdisk recovery wrap 1"u8;

    /// <summary>Wraps a key, as hex text for the record.</summary>
    /// <exception cref="SealdiskException">The public half is none that a key may be wrapped for (2).</exception>
    internal static string Wrap(ReadOnlySpan<byte> publicKey, SecretBuffer key)
    {
        using var ephemeral = SecretBuffer.Random(X25519.Size);
        return Wrap(publicKey, ephemeral, key);
    }

    internal static string Wrap(ReadOnlySpan<byte> publicKey, SecretBuffer ephemeral, SecretBuffer key)
    {
        var blob = new byte[TextAt + key.Length];
        blob[0] = Version;
        Convert.FromHexString(RecoveryKey.IdOf(publicKey), blob.AsSpan(IdAt), out _, out _);
        X25519.PublicKey(ephemeral.Memory.Span, blob.AsSpan(EphemeralAt, X25519.Size));
        using var wrapping = WrappingKey(ephemeral.Memory.Span, publicKey, publicKey, blob)
            ?? throw SealdiskException.Usage("cannot wrap a key for this recovery key: its public half is of small order", "'sealdisk recovery new' makes a good one");
        using var gcm = new Gcm();
        gcm.SetKey(wrapping.Memory.Span);
        Span<byte> iv = stackalloc byte[Gcm.BlockSize];
        iv.Clear();
        // Encrypted in locked memory first: an array may be moved, and leave a copy.
        using var text = SecretBuffer.Allocate(key.Length);
        key.Memory.Span.CopyTo(text.Memory.Span);
        gcm.Transform(iv, text.Memory.Span);
        text.Memory.Span.CopyTo(blob.AsSpan(TextAt));
        gcm.ComputeTag(iv, blob.AsSpan(TextAt), blob.AsSpan(TagAt, Gcm.BlockSize));
        return BlobText.Write(blob);
    }

    /// <summary>Which recovery key opens it, as <see cref="RecoveryKey.IdOf"/>; null where it is no such blob.</summary>
    internal static string? IdOf(string wrapped) => wrapped.Length is > 2 * TextAt and <= 2 * (TextAt + MaxKey) && wrapped.StartsWith("01", StringComparison.Ordinal)
        ? wrapped.Substring(2 * IdAt, 2 * IdSize)
        : null;

    /// <summary>Opens it; the caller owns the key.</summary>
    /// <returns>Null where it was altered, or wrapped for another recovery key.</returns>
    internal static SecretBuffer? Unwrap(string wrapped, SecretBuffer secret)
    {
        if (IdOf(wrapped) is null)
            return null;
        var blob = new byte[wrapped.Length / 2];
        Convert.FromHexString(wrapped, blob, out _, out _);
        Span<byte> scalar = stackalloc byte[X25519.Size];
        RecoveryKey.Scalar(secret, scalar);
        using var wrapping = WrappingKey(scalar, blob.AsSpan(EphemeralAt, X25519.Size), RecoveryKey.PublicBytes(secret), blob);
        CryptographicOperations.ZeroMemory(scalar);
        if (wrapping is null)
            return null;
        using var gcm = new Gcm();
        gcm.SetKey(wrapping.Memory.Span);
        Span<byte> iv = stackalloc byte[Gcm.BlockSize];
        iv.Clear();
        if (!gcm.Verify(iv, blob.AsSpan(TextAt), blob.AsSpan(TagAt, Gcm.BlockSize)))
            return null;
        var key = SecretBuffer.Allocate(blob.Length - TextAt);
        blob.AsSpan(TextAt).CopyTo(key.Memory.Span);
        gcm.Transform(iv, key.Memory.Span);
        return key;
    }

    /// <summary>The key of the GCM; null where the two halves share nothing.</summary>
    private static SecretBuffer? WrappingKey(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> theirs, ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> blob)
    {
        Span<byte> shared = stackalloc byte[X25519.Size];
        if (!X25519.Agree(privateKey, theirs, shared))
            return null;
        var key = SecretBuffer.Allocate(Gcm.KeySize);
        HmacSha256.Compute(shared, [.. Label, .. blob[IdAt..TagAt], .. recipient], key.Memory.Span);
        CryptographicOperations.ZeroMemory(shared);
        return key;
    }
}
