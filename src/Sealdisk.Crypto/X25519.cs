using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// X25519 (RFC 7748): the key agreement that wraps a key for a recipient who is not present. Constant-time, and entirely on the stack,
/// which is wiped before a call returns.
/// </summary>
/// <remarks>
/// By hand: BouncyCastle's ladder keeps the scalar and all intermediate values in managed arrays that it does not wipe
/// (math/ec/rfc7748/X25519.cs). The tests compare the two.
/// </remarks>
public static class X25519
{
    /// <summary>Bytes of a private key, a public key and a shared secret.</summary>
    public const int Size = 32;

    private const int Limbs = 5;
    private const int LimbBits = 51;
    private const ulong LimbMask = (1UL << LimbBits) - 1;

    /// <summary>The public key of a private one.</summary>
    /// <param name="privateKey">Any 32 bytes.</param>
    /// <param name="publicKey">Receives 32 bytes.</param>
    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        Span<byte> basePoint = stackalloc byte[Size];
        basePoint.Clear();
        basePoint[0] = 9;
        Multiply(privateKey, basePoint, publicKey);
    }

    /// <summary>The secret that two key pairs share.</summary>
    /// <param name="privateKey">32 bytes of one pair.</param>
    /// <param name="publicKey">32 bytes of the other pair.</param>
    /// <param name="secret">Receives 32 bytes; the caller owns and wipes it.</param>
    /// <returns>False if the secret is all zero, as for a public key of small order: nothing may be wrapped with it.</returns>
    public static bool Agree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> secret)
    {
        Multiply(privateKey, publicKey, secret);
        Span<byte> zero = stackalloc byte[Size];
        zero.Clear();
        return !CryptographicOperations.FixedTimeEquals(secret, zero);
    }

    /// <summary>The Montgomery ladder of RFC 7748, section 5.</summary>
    private static void Multiply(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> point, Span<byte> result)
    {
        if (scalar.Length != Size || point.Length != Size || result.Length != Size)
            throw new ArgumentException("private keys, public keys and secrets have 32 bytes");
        Span<byte> k = stackalloc byte[Size];
        scalar.CopyTo(k);
        k[0] &= 0xf8;
        k[31] = (byte)((k[31] & 0x7f) | 0x40);

        Span<ulong> memory = stackalloc ulong[11 * Limbs];
        memory.Clear();
        var (x1, x2, z2) = (0, 1, 2);
        var (x3, z3, a, b, c, d, e, small) = (3, 4, 5, 6, 7, 8, 9, 10);
        Decode(point, At(memory, x1));
        At(memory, x2)[0] = 1;
        At(memory, x1).CopyTo(At(memory, x3));
        At(memory, z3)[0] = 1;
        At(memory, small)[0] = 121665;

        ulong swapped = 0;
        for (var bit = 254; bit >= 0; bit--)
        {
            var one = (ulong)(k[bit / 8] >> (bit % 8)) & 1;
            Swap(swapped ^ one, At(memory, x2), At(memory, x3));
            Swap(swapped ^ one, At(memory, z2), At(memory, z3));
            swapped = one;

            Add(At(memory, x2), At(memory, z2), At(memory, a));
            Subtract(At(memory, x2), At(memory, z2), At(memory, b));
            Add(At(memory, x3), At(memory, z3), At(memory, c));
            Subtract(At(memory, x3), At(memory, z3), At(memory, d));
            Multiply(At(memory, d), At(memory, a), At(memory, d));
            Multiply(At(memory, c), At(memory, b), At(memory, c));
            Add(At(memory, d), At(memory, c), At(memory, x3));
            Multiply(At(memory, x3), At(memory, x3), At(memory, x3));
            Subtract(At(memory, d), At(memory, c), At(memory, z3));
            Multiply(At(memory, z3), At(memory, z3), At(memory, z3));
            Multiply(At(memory, z3), At(memory, x1), At(memory, z3));
            Multiply(At(memory, a), At(memory, a), At(memory, a));
            Multiply(At(memory, b), At(memory, b), At(memory, b));
            Multiply(At(memory, a), At(memory, b), At(memory, x2));
            Subtract(At(memory, a), At(memory, b), At(memory, e));
            Multiply(At(memory, e), At(memory, small), At(memory, z2));
            Add(At(memory, a), At(memory, z2), At(memory, z2));
            Multiply(At(memory, e), At(memory, z2), At(memory, z2));
        }
        Swap(swapped, At(memory, x2), At(memory, x3));
        Swap(swapped, At(memory, z2), At(memory, z3));
        Invert(At(memory, z2), At(memory, a));
        Multiply(At(memory, x2), At(memory, a), At(memory, x2));
        Encode(At(memory, x2), result);
        CryptographicOperations.ZeroMemory(k);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(memory));
    }

    private static Span<ulong> At(Span<ulong> memory, int number) => memory.Slice(number * Limbs, Limbs);

    // Numbers modulo 2^255 - 19 in five limbs of 51 bits. What Multiply takes may have limbs of 54 bits; what it gives has 52 at most.
    private static void Decode(ReadOnlySpan<byte> bytes, Span<ulong> number)
    {
        var w0 = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var w1 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        var w2 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        var w3 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        number[0] = w0 & LimbMask;
        number[1] = ((w0 >> 51) | (w1 << 13)) & LimbMask;
        number[2] = ((w1 >> 38) | (w2 << 26)) & LimbMask;
        number[3] = ((w2 >> 25) | (w3 << 39)) & LimbMask;
        number[4] = (w3 >> 12) & LimbMask;
    }

    private static void Encode(Span<ulong> number, Span<byte> bytes)
    {
        // Twice, so that each limb has 51 bits; then 19 more, to see whether it is at least the modulus.
        Carry(number);
        Carry(number);
        var q = (number[0] + 19) >> LimbBits;
        for (var i = 1; i < Limbs; i++)
            q = (number[i] + q) >> LimbBits;
        number[0] += 19 * q;
        for (var i = 0; i < Limbs - 1; i++)
        {
            number[i + 1] += number[i] >> LimbBits;
            number[i] &= LimbMask;
        }
        number[4] &= LimbMask;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number[0] | (number[1] << 51));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], (number[1] >> 13) | (number[2] << 38));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], (number[2] >> 26) | (number[3] << 25));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], (number[3] >> 39) | (number[4] << 12));
    }

    private static void Carry(Span<ulong> number)
    {
        for (var i = 0; i < Limbs - 1; i++)
        {
            number[i + 1] += number[i] >> LimbBits;
            number[i] &= LimbMask;
        }
        number[0] += 19 * (number[4] >> LimbBits);
        number[4] &= LimbMask;
    }

    private static void Swap(ulong doIt, Span<ulong> a, Span<ulong> b)
    {
        var mask = 0 - doIt;
        for (var i = 0; i < Limbs; i++)
        {
            var different = (a[i] ^ b[i]) & mask;
            a[i] ^= different;
            b[i] ^= different;
        }
    }

    private static void Add(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> sum)
    {
        for (var i = 0; i < Limbs; i++)
            sum[i] = a[i] + b[i];
    }

    /// <summary>Four times the modulus is added first, so that no limb becomes negative.</summary>
    private static void Subtract(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> difference)
    {
        difference[0] = a[0] + ((1UL << 53) - 76) - b[0];
        for (var i = 1; i < Limbs; i++)
            difference[i] = a[i] + ((1UL << 53) - 4) - b[i];
    }

    private static void Multiply(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> product)
    {
        var (a0, a1, a2, a3, a4) = (a[0], a[1], a[2], a[3], a[4]);
        var (b0, b1, b2, b3, b4) = (b[0], b[1], b[2], b[3], b[4]);
        // What is beyond 2^255 comes back 19 times.
        var t0 = Times(a0, b0) + (19 * (Times(a1, b4) + Times(a2, b3) + Times(a3, b2) + Times(a4, b1)));
        var t1 = Times(a0, b1) + Times(a1, b0) + (19 * (Times(a2, b4) + Times(a3, b3) + Times(a4, b2)));
        var t2 = Times(a0, b2) + Times(a1, b1) + Times(a2, b0) + (19 * (Times(a3, b4) + Times(a4, b3)));
        var t3 = Times(a0, b3) + Times(a1, b2) + Times(a2, b1) + Times(a3, b0) + (19 * Times(a4, b4));
        var t4 = Times(a0, b4) + Times(a1, b3) + Times(a2, b2) + Times(a3, b1) + Times(a4, b0);
        t1 += t0 >> LimbBits;
        t2 += t1 >> LimbBits;
        t3 += t2 >> LimbBits;
        t4 += t3 >> LimbBits;
        product[0] = ((ulong)t0 & LimbMask) + (19 * (ulong)(t4 >> LimbBits));
        product[1] = ((ulong)t1 & LimbMask) + (product[0] >> LimbBits);
        product[0] &= LimbMask;
        product[2] = (ulong)t2 & LimbMask;
        product[3] = (ulong)t3 & LimbMask;
        product[4] = (ulong)t4 & LimbMask;
    }

    private static UInt128 Times(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return new UInt128(high, low);
    }

    /// <summary>To the power of 2^255 - 21, whose bits 2 and 4 alone are zero; the exponent is no secret.</summary>
    private static void Invert(ReadOnlySpan<ulong> number, Span<ulong> inverse)
    {
        Span<ulong> power = stackalloc ulong[Limbs];
        number.CopyTo(power);
        for (var bit = 253; bit >= 0; bit--)
        {
            Multiply(power, power, power);
            if (bit is not (2 or 4))
                Multiply(power, number, power);
        }
        power.CopyTo(inverse);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(power));
    }
}
