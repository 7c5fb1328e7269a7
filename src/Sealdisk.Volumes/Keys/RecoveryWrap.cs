using System.Security.Cryptography;
using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A volume key wrapped for a recovery key (docs/recovery.md): the public half wraps, and only the secret half opens.
/// <code>
///  0   1  version, 1
///  1   8  which recovery key: the first bytes of SHA-256 of its public half P
///  9  32  E, the public half of a key pair that was made for this and thrown away
/// 41  16  tag
/// 57   n  AES-256-GCM of the key; IV 16 zero bytes
/// key = HMAC-SHA256(X25519(e, P), "sealdisk recovery wrap 1" || bytes 1 to 40 || P)
/// </code>
/// </summary>
public sealed class RecoveryWrap : IEquatable<RecoveryWrap>
{
    private const byte Version = 1;
    private const int IdAt = 1, IdSize = 8;
    private const int EphemeralAt = IdAt + IdSize;
    private const int TagAt = EphemeralAt + X25519.Size;
    private const int TextAt = TagAt + Gcm.BlockSize;

    /// <summary>Bytes of a volume key that can be in one.</summary>
    internal const int MaxKey = EncryptedKeyText.MaxKey;

    private readonly byte[] _bytes;

    private RecoveryWrap(byte[] bytes) => _bytes = bytes;

    /// <summary>Which recovery key opens it, as <see cref="RecoveryKey.IdOf"/>.</summary>
    public string KeyId => BlobText.Write(_bytes.AsSpan(IdAt, IdSize));

    private static ReadOnlySpan<byte> Label => "sealdisk recovery wrap 1"u8;

    /// <summary>Reads hex text in lower case.</summary>
    public static bool TryParse(string text, out RecoveryWrap? wrap)
    {
        var isWrap = text.Length is > 2 * TextAt and <= 2 * (TextAt + MaxKey) && HexDigits.Are(text, text.Length & ~1)
            && text.StartsWith("01", StringComparison.Ordinal);
        wrap = isWrap ? new RecoveryWrap(Convert.FromHexString(text)) : null;
        return isWrap;
    }

    /// <summary>Hex text, as the record has it.</summary>
    public override string ToString() => BlobText.Write(_bytes);

    /// <inheritdoc/>
    public bool Equals(RecoveryWrap? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RecoveryWrap);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    /// <summary>Wraps a key.</summary>
    /// <exception cref="SealdiskException">No key may be wrapped for this public half (2).</exception>
    public static RecoveryWrap Wrap(ReadOnlySpan<byte> publicKey, SecretBuffer key)
    {
        using var ephemeral = SecretBuffer.Random(X25519.Size);
        return Wrap(publicKey, ephemeral, key);
    }

    internal static RecoveryWrap Wrap(ReadOnlySpan<byte> publicKey, SecretBuffer ephemeral, SecretBuffer key)
    {
        var blob = new byte[TextAt + key.Length];
        blob[0] = Version;
        Convert.FromHexString(RecoveryKey.IdOf(publicKey), blob.AsSpan(IdAt), out _, out _);
        X25519.PublicKey(ephemeral.Memory.Span, blob.AsSpan(EphemeralAt, X25519.Size));
        using var wrapping = WrappingKey(ephemeral.Memory.Span, publicKey, publicKey, blob)
            ?? throw SealdiskException.Usage(
                "cannot wrap a key for this recovery key: its public half is of small order", "'sealdisk recovery new' makes a good one");
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
        return new RecoveryWrap(blob);
    }

    /// <summary>Opens it; the caller owns the key.</summary>
    /// <returns>Null if it was altered, or wrapped for another recovery key.</returns>
    public SecretBuffer? Unwrap(SecretBuffer secret)
    {
        var blob = _bytes;
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

    /// <summary>The key of the GCM; null if the two halves share nothing.</summary>
    private static SecretBuffer? WrappingKey(
        ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> theirs, ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> blob)
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
