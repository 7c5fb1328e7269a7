using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Sealdisk.Crypto;

namespace Sealdisk.OpTee.Huk;

/// <summary>
/// How OP-TEE's platforms compute the hardware unique key from the chip's fuses, if the computation is in public source. Each method
/// writes the <see cref="Size"/> bytes that OP-TEE keeps by default (CFG_HW_UNIQUE_KEY_LENGTH). <see cref="HukCatalogue"/> says what
/// the fuses must be and how sure each model is. Arguments of a wrong length are an <see cref="ArgumentException"/>. The caller owns
/// and wipes inputs and output.
/// </summary>
public static class HukModels
{
    /// <summary>Bytes of a HUK.</summary>
    public const int Size = 16;

    /// <summary>
    /// The development key that OP-TEE's Versal port has in its source (drivers/versal_huk.c), used unless another key is chosen.
    /// </summary>
    internal static ReadOnlySpan<byte> VersalDevelopmentKey =>
    [
        0xf8, 0x78, 0xb8, 0x38, 0xd8, 0x58, 0x98, 0x18, 0xe8, 0x68, 0xa8, 0x28, 0xc8, 0x48, 0x88, 0x08,
        0xf0, 0x70, 0xb0, 0x30, 0xd0, 0x50, 0x90, 0x10, 0xe0, 0x60, 0xa0, 0x20, 0xc0, 0x40, 0x80, 0x00,
    ];

    private static ReadOnlySpan<byte> VersalNonce => [0xd2, 0x45, 0x0e, 0x07, 0xea, 0x5d, 0xe0, 0x42, 0x6c, 0x0f, 0xa1, 0x33];

    /// <summary>STM32MP15, mode "BSEC key" (core/drivers/stm32mp15_huk.c): the four OTP words as they are, little-endian.</summary>
    /// <param name="otp">16 bytes.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void Stm32Mp15Key(ReadOnlySpan<byte> otp, Span<byte> huk)
    {
        Require(otp, 16, nameof(otp));
        otp.CopyTo(huk);
    }

    /// <summary>
    /// STM32MP15, mode "derive from UID" (same file): the ciphertext of AES-128-GCM with the OTP words as key, nonce 55 and eleven
    /// zeros, and as plaintext the chip's UID followed by four zeros. Additional data and tag play no part.
    /// </summary>
    /// <param name="otp">16 bytes: the key.</param>
    /// <param name="uid">12 bytes, as OTP words 13 to 15 lie in nvmem; readable from Linux.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void Stm32Mp15Uid(ReadOnlySpan<byte> otp, ReadOnlySpan<byte> uid, Span<byte> huk)
    {
        Require(otp, 16, nameof(otp));
        Require(uid, 12, nameof(uid));
        ReadOnlySpan<byte> nonce = [0x55, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        huk[..Size].Clear();
        uid.CopyTo(huk);
        GcmEncrypt(otp, nonce, huk[..Size]);
    }

    /// <summary>
    /// Zynq UltraScale+ booted without authentication (drivers/zynqmp_huk.c): SHA-256 of the device DNA. DNA is readable from Linux.
    /// </summary>
    /// <param name="dna">12 bytes.</param>
    /// <param name="huk">Receives the HUK: 16 bytes, or 32 if OP-TEE was built for that length.</param>
    internal static void ZynqMpDevelopment(ReadOnlySpan<byte> dna, Span<byte> huk)
    {
        Require(dna, 12, nameof(dna));
        Sha256(dna, [], huk);
    }

    /// <summary>
    /// Zynq UltraScale+ booted with authentication and the eFuse AES key as device key (same file): S = SHA-256(DNA || user
    /// fuses)[0:16], and the HUK is the ciphertext of AES-256-GCM of S with the DNA as IV. With the PUF as device key nothing outside
    /// the chip knows the key.
    /// </summary>
    /// <param name="aesKey">32 bytes: the eFuse AES key, which its maker burnt.</param>
    /// <param name="dna">12 bytes.</param>
    /// <param name="userFuses">The selected user fuse words, 4 bytes each, ascending; empty if none is selected.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void ZynqMpProduction(ReadOnlySpan<byte> aesKey, ReadOnlySpan<byte> dna, ReadOnlySpan<byte> userFuses, Span<byte> huk)
    {
        Require(aesKey, 32, nameof(aesKey));
        Require(dna, 12, nameof(dna));
        if (userFuses.Length % 4 != 0 || userFuses.Length > 32)
            throw new ArgumentException("user fuses are at most eight words of 4 bytes", nameof(userFuses));
        Sha256(dna, userFuses, huk[..Size]);
        GcmEncrypt(aesKey, dna, huk[..Size]);
    }

    /// <summary>
    /// Versal and Versal NET (drivers/versal_huk.c): SHA-256 over the 48 bytes of AES-256-GCM ciphertext of SHA3-384(DNA), followed by
    /// 16 zeros.
    /// </summary>
    /// <param name="key">32 bytes: an eFuse user key, or <see cref="VersalDevelopmentKey"/>.</param>
    /// <param name="dna">16 bytes.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void Versal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> dna, Span<byte> huk)
    {
        Require(key, 32, nameof(key));
        Require(dna, 16, nameof(dna));
        Span<byte> buffer = stackalloc byte[64];
        buffer.Clear();
        var sha3 = new Sha3Digest(384); // by a library, which leaves copies of the DNA in managed memory: it is no secret
        sha3.BlockUpdate(dna);
        sha3.DoFinal(buffer);
        GcmEncrypt(key, VersalNonce, buffer[..48]);
        Sha256(buffer, [], huk[..Size]);
        CryptographicOperations.ZeroMemory(buffer);
    }

    /// <summary>
    /// Versal Gen 2 (core/drivers/crypto/asu_driver/asu_huk.c): SHA-256 of a label and of a value that the ASU firmware gives.
    /// </summary>
    /// <param name="value">32 bytes.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void VersalGen2(ReadOnlySpan<byte> value, Span<byte> huk)
    {
        Require(value, 32, nameof(value));
        Sha256("AMD-ASU-HUK"u8, value, huk[..Size]);
    }

    /// <summary>
    /// i.MX6ULL and its like (core/drivers/imx/dcp/dcp_huk.c): AES-128-CMAC of a constant block under the DCP's unique key.
    /// </summary>
    /// <param name="uniqueKey">16 bytes; all zero if the chip is in neither secure nor trusted state.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void Dcp(ReadOnlySpan<byte> uniqueKey, Span<byte> huk)
    {
        Require(uniqueKey, 16, nameof(uniqueKey));
        ReadOnlySpan<byte> message = [0x01, (byte)'h', (byte)'u', (byte)'k', 0x00, .. "opteeosdcp"u8, 0x80];
        Span<byte> subkey = stackalloc byte[16];
        subkey.Clear();
        EncryptBlock(uniqueKey, subkey);

        // CMAC (NIST SP 800-38B) of one whole block: the subkey is doubled once.
        var high = BinaryPrimitives.ReadUInt64BigEndian(subkey);
        var low = BinaryPrimitives.ReadUInt64BigEndian(subkey[8..]);
        BinaryPrimitives.WriteUInt64BigEndian(subkey, (high << 1) | (low >> 63));
        BinaryPrimitives.WriteUInt64BigEndian(subkey[8..], (low << 1) ^ (0x87 & (0 - (high >> 63))));
        for (var i = 0; i < 16; i++)
            subkey[i] ^= message[i];
        EncryptBlock(uniqueKey, subkey);
        subkey.CopyTo(huk);
        CryptographicOperations.ZeroMemory(subkey);
    }

    /// <summary>Nuvoton NPCM8xx (plat-nuvoton/main.c): SHA-256 of five bytes of memory since OP-TEE 4.1, of 64 bytes in 4.0.</summary>
    /// <param name="bytes">5 or 64 bytes.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void Npcm(ReadOnlySpan<byte> bytes, Span<byte> huk)
    {
        if (bytes.Length is not (5 or 64))
            throw new ArgumentException("it must have 5 or 64 bytes", nameof(bytes));
        Sha256(bytes, [], huk[..Size]);
    }

    /// <summary>
    /// Platforms whose HUK is the first 16 bytes of a fuse, of a value that firmware gives, or of CAAM's master key verification blob.
    /// </summary>
    /// <param name="value">16 or 32 bytes.</param>
    /// <param name="huk">Receives the HUK.</param>
    internal static void Leading(ReadOnlySpan<byte> value, Span<byte> huk)
    {
        if (value.Length is not (16 or 32))
            throw new ArgumentException("it must have 16 or 32 bytes", nameof(value));
        value[..Size].CopyTo(huk);
    }

    /// <summary>GCM's encryption for a nonce of 12 bytes, in place: counter mode from block 2. The tag is not used here.</summary>
    private static void GcmEncrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, Span<byte> text)
    {
        Span<byte> counter = stackalloc byte[16];
        Span<byte> stream = stackalloc byte[16];
        nonce.CopyTo(counter);
        for (var i = 0; i < text.Length; i++)
        {
            if (i % 16 == 0)
            {
                BinaryPrimitives.WriteInt32BigEndian(counter[12..], (i / 16) + 2);
                counter.CopyTo(stream);
                EncryptBlock(key, stream);
            }
            text[i] ^= stream[i % 16];
        }
        CryptographicOperations.ZeroMemory(stream);
    }

    /// <summary>CBC of one block under an IV of zeros is the bare cipher.</summary>
    private static void EncryptBlock(ReadOnlySpan<byte> key, Span<byte> block)
    {
        ReadOnlySpan<byte> zeros = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        AesCbc.Encrypt(key, zeros, block);
    }

    private static void Sha256(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> digest)
    {
        Span<byte> message = stackalloc byte[first.Length + second.Length];
        Span<byte> whole = stackalloc byte[32];
        first.CopyTo(message);
        second.CopyTo(message[first.Length..]);
        Sealdisk.Crypto.Sha256.Hash(message, whole);
        CryptographicOperations.ZeroMemory(message);
        whole[..Math.Min(digest.Length, 32)].CopyTo(digest);
        CryptographicOperations.ZeroMemory(whole);
    }

    private static void Require(ReadOnlySpan<byte> value, int length, string name)
    {
        if (value.Length != length)
            throw new ArgumentException($"it must have {length} bytes, not {value.Length}", name);
    }
}
