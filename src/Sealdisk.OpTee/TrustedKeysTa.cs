using Sealdisk.Crypto;

namespace Sealdisk.OpTee;

/// <summary>
/// What OP-TEE's trusted-keys trusted application (f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c) does with a key, bit for bit, in software. A
/// blob sealed here opens in an OP-TEE with the same hardware unique key (HUK), and the other way round.
/// </summary>
/// <remarks>
/// <para>The blob, the same in every OP-TEE release since 3.9 (source: optee_os, ta/trusted_keys/entry.c):</para>
/// <code>
/// offset  0   1 byte    reserved: written as 0, never read, not authenticated
/// offset  1  16 bytes   IV
/// offset 17  16 bytes   GCM tag
/// offset 33   N bytes   ciphertext; N is the size of the key, 1..479
/// </code>
/// <para>
/// The cipher is AES-256-GCM with a 16-byte IV, a full tag and no associated data. With such an IV the 32-bit block counter starts
/// anywhere, and for one key in about 2^30 it wraps. OP-TEE before 4.2.0 carried the wrap into the rest of the counter block (fixed by
/// commit fcabe15c7), so such a rare blob of an older OP-TEE has a right tag but opens to other bytes, here and in a newer OP-TEE.
/// </para>
/// <para>
/// Copies of keys: a key lies in the caller's spans, on our own stack and in the memory of <see cref="Gcm"/>; the latter two are wiped
/// before a call returns. No key is ever in an object that the garbage collector may move or leave behind.
/// </para>
/// </remarks>
public static class TrustedKeysTa
{
    /// <summary>Bytes by which a blob is longer than the key in it: reserved byte, IV, tag.</summary>
    public const int Overhead = TextOffset;

    /// <summary>Bytes of the shortest blob that OP-TEE accepts: a key of one byte.</summary>
    public const int MinBlob = Overhead + 1;

    /// <summary>Bytes of the longest blob that OP-TEE accepts. Linux stops earlier: keys of 32 to 128 bytes, blobs of 65 to 161.</summary>
    public const int MaxBlob = 512;

    private const int IvOffset = 1;
    private const int IvSize = 16;
    private const int TagOffset = IvOffset + IvSize;
    private const int TagSize = 16;
    private const int TextOffset = TagOffset + TagSize;
    private const int TaKeySize = 32;

    /// <summary>
    /// The message that OP-TEE authenticates with the HUK to get this TA's key: the usage HUK_SUBKEY_UNIQUE_TA (3) as a 32-bit
    /// little-endian word, then the TA's UUID as it lies in a little-endian machine's memory, which is not the order in which it is
    /// written.
    /// </summary>
    private static ReadOnlySpan<byte> UniqueTaKeyMessage =>
    [
        0x03, 0x00, 0x00, 0x00,
        0xe7, 0x0f, 0x4a, 0xf0, 0x5d, 0x1f, 0x9b, 0x4b, 0xab, 0xf7, 0x61, 0x9b, 0x85, 0xb4, 0xce, 0x8c,
    ];

    /// <summary>
    /// Derives the TA's key from the HUK: HMAC-SHA256 keyed with the HUK (source: optee_os, core/kernel/huk_subkey.c,
    /// core/pta/system.c). HMAC pads its key with zeros, so a HUK and the same HUK with zero bytes appended give the same key. STM32
    /// chips with the SAES peripheral use another derivation; their TA key cannot be computed from anything that software can read.
    /// </summary>
    /// <param name="huk">The hardware unique key, 16 to 32 bytes.</param>
    /// <param name="taKey32">Receives the TA's key, 32 bytes. The caller owns and wipes it.</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static void DeriveKey(ReadOnlySpan<byte> huk, Span<byte> taKey32)
    {
        if (huk.Length is < HukText.MinBytes or > HukText.MaxBytes)
            throw new ArgumentException("a hardware unique key has 16 to 32 bytes", nameof(huk));
        RequireLength(taKey32.Length, TaKeySize, nameof(taKey32));
        HmacSha256.Compute(huk, UniqueTaKeyMessage, taKey32);
    }

    /// <summary>Seals a key as the TA's command 1 does.</summary>
    /// <param name="taKey">32 bytes from <see cref="DeriveKey"/>.</param>
    /// <param name="iv16">
    /// 16 random bytes, never used before with this TA key: a second use reveals how the two sealed keys differ and lets anyone forge
    /// blobs.
    /// </param>
    /// <param name="key">The key to seal, 1 to 479 bytes.</param>
    /// <param name="blob">Receives the blob: <paramref name="key"/>'s length plus <see cref="Overhead"/>. May not overlap the key.</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static void Seal(ReadOnlySpan<byte> taKey, ReadOnlySpan<byte> iv16, ReadOnlySpan<byte> key, Span<byte> blob)
    {
        if (key.Length is < 1 or > MaxBlob - Overhead)
            throw new ArgumentException("a key to seal has 1 to 479 bytes", nameof(key));
        RequireLength(taKey.Length, TaKeySize, nameof(taKey));
        RequireLength(iv16.Length, IvSize, nameof(iv16));
        RequireLength(blob.Length, key.Length + Overhead, nameof(blob));

        using var gcm = new Gcm();
        gcm.SetKey(taKey);
        blob[0] = 0;
        iv16.CopyTo(blob[IvOffset..]);
        var text = blob[TextOffset..];
        key.CopyTo(text);
        gcm.Transform(iv16, text);
        gcm.ComputeTag(iv16, text, blob.Slice(TagOffset, TagSize));
    }

    /// <summary>Opens a blob as the TA's command 2 does. The reserved first byte may have any value, as with OP-TEE.</summary>
    /// <param name="taKey">32 bytes from <see cref="DeriveKey"/>.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="key">
    /// Receives the key: the blob's length less <see cref="Overhead"/>. No byte of it is written before the tag is known to be right;
    /// for every answer but <see cref="UnsealResult.Opened"/> it is all zero. The caller owns and wipes it.
    /// </param>
    /// <exception cref="ArgumentException">The TA key does not have 32 bytes, or <paramref name="key"/> does not fit the blob.</exception>
    public static UnsealResult Unseal(ReadOnlySpan<byte> taKey, ReadOnlySpan<byte> blob, Span<byte> key)
    {
        key.Clear();
        RequireLength(taKey.Length, TaKeySize, nameof(taKey));
        if (blob.Length < MinBlob)
            return UnsealResult.TooShort;
        if (blob.Length > MaxBlob)
            return UnsealResult.TooLong;
        RequireLength(key.Length, blob.Length - Overhead, nameof(key));

        using var gcm = new Gcm();
        gcm.SetKey(taKey);
        if (!IsSealedUnder(gcm, blob))
            return UnsealResult.NotThisDevice;
        blob[TextOffset..].CopyTo(key);
        gcm.Transform(blob.Slice(IvOffset, IvSize), key);
        return UnsealResult.Opened;
    }

    /// <summary>Whether a blob was sealed under a TA key, by its tag alone: decrypts and allocates nothing.</summary>
    /// <param name="taKey">Holds the TA key.</param>
    /// <param name="blob">A blob of <see cref="MinBlob"/> to <see cref="MaxBlob"/> bytes.</param>
    internal static bool IsSealedUnder(Gcm taKey, ReadOnlySpan<byte> blob)
    {
        ArgumentNullException.ThrowIfNull(taKey);
        return taKey.Verify(blob.Slice(IvOffset, IvSize), blob[TextOffset..], blob.Slice(TagOffset, TagSize));
    }

    private static void RequireLength(int actual, int wanted, string name)
    {
        if (actual != wanted)
            throw new ArgumentException($"it must have {wanted} bytes, not {actual}", name);
    }
}
