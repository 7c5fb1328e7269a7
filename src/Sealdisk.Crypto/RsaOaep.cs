using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// Encryption for the holder of an RSA key: OAEP with SHA-256 and MGF1 (RFC 8017, 7.1.1), with which a session is salted for a TPM's key.
/// The stack that the message was on is wiped before a call returns.
/// </summary>
/// <remarks>By hand: .NET's RSA loads OpenSSL, and BouncyCastle leaves the message in managed memory.</remarks>
public static class RsaOaep
{
    /// <summary>Bytes of the smallest and largest modulus that is taken.</summary>
    public const int MinModulus = 256, MaxModulus = 512;

    /// <summary>Encrypts a short message.</summary>
    /// <param name="modulus">Big-endian, without zeros before it; <see cref="MinModulus"/> to <see cref="MaxModulus"/> bytes, a multiple
    /// of 8.</param>
    /// <param name="exponent">The public exponent, odd and more than 1.</param>
    /// <param name="label">Bound to the message, no secret.</param>
    /// <param name="seed">32 random bytes.</param>
    /// <param name="message">Stays the caller's.</param>
    /// <param name="ciphertext">Receives as many bytes as the modulus has.</param>
    /// <returns>False if that is no such key.</returns>
    public static bool Encrypt(
        ReadOnlySpan<byte> modulus, uint exponent, ReadOnlySpan<byte> label, ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message,
        Span<byte> ciphertext)
    {
        if (modulus.Length is < MinModulus or > MaxModulus
            || modulus.Length % 8 != 0
            || (modulus[0] & 0x80) == 0
            || (modulus[^1] & 1) == 0
            || exponent < 3
            || (exponent & 1) == 0)
            return false;
        if (ciphertext.Length != modulus.Length || seed.Length != Sha256.Size || message.Length > modulus.Length - 2 * Sha256.Size - 2)
            throw new ArgumentException("the message does not fit the modulus");
        ciphertext.Clear();
        var maskedSeed = ciphertext.Slice(1, Sha256.Size);
        var block = ciphertext[(1 + Sha256.Size)..];
        Sha256.Hash(label, block);
        block[^(message.Length + 1)] = 1;
        message.CopyTo(block[^message.Length..]);
        seed.CopyTo(maskedSeed);
        Mask(maskedSeed, block);
        Mask(block, maskedSeed);
        RaiseToExponent(modulus, exponent, ciphertext);
        return true;
    }

    /// <summary>MGF1: XORs data with what a seed stretches to.</summary>
    private static void Mask(ReadOnlySpan<byte> seed, Span<byte> data)
    {
        Span<byte> input = stackalloc byte[seed.Length + 4];
        Span<byte> digest = stackalloc byte[Sha256.Size];
        seed.CopyTo(input);
        for (var at = 0; at < data.Length; at++)
        {
            if (at % Sha256.Size == 0)
            {
                BinaryPrimitives.WriteInt32BigEndian(input[seed.Length..], at / Sha256.Size);
                Sha256.Hash(input, digest);
            }
            data[at] ^= digest[at % Sha256.Size];
        }
        CryptographicOperations.ZeroMemory(input);
        CryptographicOperations.ZeroMemory(digest);
    }

    private static void RaiseToExponent(ReadOnlySpan<byte> modulus, uint exponent, Span<byte> data)
    {
        var limbs = modulus.Length / 8;
        Span<ulong> memory = stackalloc ulong[4 * limbs];
        var n = memory[..limbs];
        var number = memory.Slice(limbs, limbs);
        var power = memory.Slice(2 * limbs, limbs);
        var factor = memory.Slice(3 * limbs, limbs);
        Montgomery.Decode(modulus, n);
        Montgomery.Decode(data, number);
        var field = new Montgomery(n);
        field.Factor(factor);
        field.Multiply(number, factor, number);
        Span<byte> digits = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(digits, exponent);
        field.Power(number, digits, power);
        number.Clear();
        number[0] = 1;
        field.Multiply(power, number, power);
        Montgomery.Encode(power, data);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(memory));
    }
}
