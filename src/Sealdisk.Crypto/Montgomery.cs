using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// Arithmetic modulo an odd number in Montgomery's form, for <see cref="NistCurve"/> and <see cref="RsaOaep"/>. Numbers are limbs of 64
/// bits, the lowest first, below the modulus. The time depends on the number of limbs alone.
/// </summary>
/// <remarks>By hand: BouncyCastle's and .NET's big integers leave the numbers in managed memory, and take a time that depends on them.
/// </remarks>
internal readonly ref struct Montgomery
{
    /// <summary>Limbs of the longest modulus: RSA with 4096 bits.</summary>
    internal const int MaxLimbs = 64;

    private readonly ReadOnlySpan<ulong> _modulus;
    private readonly ulong _inverse;

    /// <param name="modulus">Odd; at most <see cref="MaxLimbs"/> limbs, the highest of them not 0.</param>
    internal Montgomery(ReadOnlySpan<ulong> modulus)
    {
        if (modulus.Length is 0 or > MaxLimbs || (modulus[0] & 1) == 0 || modulus[^1] == 0)
            throw new ArgumentException("not a modulus", nameof(modulus));
        _modulus = modulus;
        // Newton's iteration: each round doubles the bits that are right, beginning with three.
        var inverse = modulus[0];
        for (var round = 0; round < 5; round++)
            inverse *= 2 - modulus[0] * inverse;
        _inverse = 0 - inverse;
    }

    /// <summary>How many limbs a number has.</summary>
    internal int Limbs => _modulus.Length;

    /// <summary>Reads a big-endian number of exactly as many bytes as the limbs have.</summary>
    internal static void Decode(ReadOnlySpan<byte> bytes, Span<ulong> number)
    {
        for (var i = 0; i < number.Length; i++)
            number[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes[(bytes.Length - 8 * (i + 1))..]);
    }

    /// <summary>The reverse of <see cref="Decode"/>.</summary>
    internal static void Encode(ReadOnlySpan<ulong> number, Span<byte> bytes)
    {
        for (var i = 0; i < number.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(bytes[(bytes.Length - 8 * (i + 1))..], number[i]);
    }

    /// <summary>Whether a number is below a limit.</summary>
    internal static bool IsBelow(ReadOnlySpan<ulong> number, ReadOnlySpan<ulong> limit)
    {
        ulong borrow = 0;
        for (var i = 0; i < number.Length; i++)
            borrow = Borrow(number[i], limit[i], borrow, out _);
        return borrow == 1;
    }

    /// <summary>Whether a number is 0.</summary>
    internal static bool IsZero(ReadOnlySpan<ulong> number)
    {
        ulong all = 0;
        foreach (var limb in number)
            all |= limb;
        return all == 0;
    }

    /// <summary>The factor that brings a number into Montgomery's form: R squared, R being 2 to the bits of all limbs.</summary>
    internal void Factor(Span<ulong> factor)
    {
        // R modulo the modulus, then doubled once for each bit of R.
        factor.Clear();
        Subtract(factor, _modulus, factor, 0);
        while (!IsBelow(factor, _modulus))
            Subtract(factor, _modulus, factor, 0);
        for (var bit = 0; bit < 64 * Limbs; bit++)
            Add(factor, factor, factor);
    }

    /// <summary>a + b; the result may be the place of either.</summary>
    internal void Add(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> result)
    {
        ulong carry = 0;
        for (var i = 0; i < Limbs; i++)
        {
            var sum = (UInt128)a[i] + b[i] + carry;
            result[i] = (ulong)sum;
            carry = (ulong)(sum >> 64);
        }
        Reduce(result, carry);
    }

    /// <summary>a - b; the result may be the place of either.</summary>
    internal void Subtract(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> result)
    {
        var below = 0 - Subtract(a, b, result, 0);
        ulong carry = 0;
        for (var i = 0; i < Limbs; i++)
        {
            var sum = (UInt128)result[i] + (_modulus[i] & below) + carry;
            result[i] = (ulong)sum;
            carry = (ulong)(sum >> 64);
        }
    }

    /// <summary>a times b, divided by R; the result may be the place of either.</summary>
    internal void Multiply(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> result)
    {
        var n = Limbs;
        Span<ulong> sum = stackalloc ulong[n + 2];
        sum.Clear();
        for (var i = 0; i < n; i++)
        {
            ulong carry = 0;
            for (var j = 0; j < n; j++)
                sum[j] = MultiplyAdd(a[j], b[i], sum[j], ref carry);
            var top = (UInt128)sum[n] + carry;
            (sum[n], sum[n + 1]) = ((ulong)top, (ulong)(top >> 64));

            var multiple = sum[0] * _inverse;
            carry = 0;
            MultiplyAdd(multiple, _modulus[0], sum[0], ref carry);
            for (var j = 1; j < n; j++)
                sum[j - 1] = MultiplyAdd(multiple, _modulus[j], sum[j], ref carry);
            top = (UInt128)sum[n] + carry;
            (sum[n - 1], sum[n]) = ((ulong)top, sum[n + 1] + (ulong)(top >> 64));
        }
        sum[..n].CopyTo(result);
        Reduce(result, sum[n]);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(sum));
    }

    /// <summary>A number to a power that is no secret.</summary>
    /// <param name="number">In Montgomery's form.</param>
    /// <param name="exponent">Big-endian, not 0.</param>
    /// <param name="result">Another place than the number's; in Montgomery's form.</param>
    internal void Power(ReadOnlySpan<ulong> number, ReadOnlySpan<byte> exponent, Span<ulong> result)
    {
        var isBegun = false;
        foreach (var octet in exponent)
        {
            for (var bit = 7; bit >= 0; bit--)
            {
                if (isBegun)
                    Multiply(result, result, result);
                if ((octet >> bit & 1) == 0)
                    continue;
                if (isBegun)
                    Multiply(result, number, result);
                else
                    number.CopyTo(result);
                isBegun = true;
            }
        }
    }

    /// <summary>Takes the modulus away once, if a number with that carry is not below it.</summary>
    private void Reduce(Span<ulong> number, ulong carry)
    {
        ulong borrow = 0;
        for (var i = 0; i < Limbs; i++)
            borrow = Borrow(number[i], _modulus[i], borrow, out _);
        // With a carry it is above the modulus whatever the limbs say.
        var take = 0 - (carry | (borrow ^ 1));
        Subtract(number, _modulus, number, ~take);
    }

    /// <summary>a - (b without the bits of the mask), and what was borrowed.</summary>
    private static ulong Subtract(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> result, ulong without)
    {
        ulong borrow = 0;
        for (var i = 0; i < result.Length; i++)
            borrow = Borrow(a[i], b[i] & ~without, borrow, out result[i]);
        return borrow;
    }

    private static ulong Borrow(ulong a, ulong b, ulong borrow, out ulong difference)
    {
        var wide = (UInt128)a - b - borrow;
        difference = (ulong)wide;
        return (ulong)(wide >> 64) & 1;
    }

    private static ulong MultiplyAdd(ulong a, ulong b, ulong addend, ref ulong carry)
    {
        var wide = (UInt128)a * b + addend + carry;
        carry = (ulong)(wide >> 64);
        return (ulong)wide;
    }
}
