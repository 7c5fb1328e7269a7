using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// Key agreement (ECDH, NIST SP 800-56A) over the curves P-256 and P-384 (NIST SP 800-186), with which a session is salted for a TPM's
/// key. Constant-time in the private key; the stack that numbers were on is wiped before a call returns.
/// </summary>
/// <remarks>
/// By hand: .NET's ECDiffieHellman loads OpenSSL, and BouncyCastle leaves the private key in managed memory. Additions are the complete
/// formulas of Renes, Costello and Batina (2015), algorithm 4: the same steps for every pair of points, none of them special.
/// </remarks>
public sealed class NistCurve
{
    private const int Slots = 14;

    private readonly ulong[] _modulus, _order, _factor, _b, _baseX, _baseY, _one;
    private readonly byte[] _inverseExponent;

    private NistCurve(int size, string modulus, string order, string b, string baseX, string baseY)
    {
        Size = size;
        _modulus = Number(modulus);
        _order = Number(order);
        _factor = new ulong[Limbs];
        var field = new Montgomery(_modulus);
        field.Factor(_factor);
        _b = InForm(field, Number(b));
        _baseX = InForm(field, Number(baseX));
        _baseY = InForm(field, Number(baseY));
        var one = new ulong[Limbs];
        one[0] = 1;
        _one = InForm(field, one);
        // By Fermat a number to the modulus less 2 is its inverse. Both moduli end with ff.
        _inverseExponent = Convert.FromHexString(modulus);
        _inverseExponent[^1] -= 2;
    }

    /// <summary>P-256, secp256r1.</summary>
    public static NistCurve P256 { get; } = new(
        32,
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");

    /// <summary>P-384, secp384r1.</summary>
    public static NistCurve P384 { get; } = new(
        48,
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f");

    /// <summary>Bytes of a private key, of either coordinate of a public key, and of a shared secret.</summary>
    public int Size { get; }

    private int Limbs => Size / 8;

    /// <summary>Whether bytes are a private key: not 0, and below the order of the curve. Nearly all are.</summary>
    public bool IsPrivateKey(ReadOnlySpan<byte> bytes)
    {
        Span<ulong> number = stackalloc ulong[Limbs];
        Montgomery.Decode(bytes, number);
        var isOne = Montgomery.IsBelow(number, _order) && !Montgomery.IsZero(number);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(number));
        return isOne;
    }

    /// <summary>The public key of a private one.</summary>
    /// <param name="privateKey">As <see cref="IsPrivateKey"/> says.</param>
    /// <param name="x">Receives <see cref="Size"/> bytes.</param>
    /// <param name="y">Receives <see cref="Size"/> bytes.</param>
    public void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> x, Span<byte> y) => Multiply(privateKey, _baseX, _baseY, x, y);

    /// <summary>The secret that two key pairs share: the x coordinate of the product.</summary>
    /// <param name="privateKey">Of one pair.</param>
    /// <param name="x">Of the other pair's public key, <see cref="Size"/> bytes.</param>
    /// <param name="y">Of the other pair's public key, <see cref="Size"/> bytes.</param>
    /// <param name="secret">Receives <see cref="Size"/> bytes; the caller owns and wipes it.</param>
    /// <returns>False if the public key is no point of the curve: nothing may be encrypted for it.</returns>
    public bool Agree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y, Span<byte> secret)
    {
        if (x.Length != Size || y.Length != Size)
            return false;
        Span<ulong> point = stackalloc ulong[2 * Limbs];
        var pointX = point[..Limbs];
        var pointY = point[Limbs..];
        Montgomery.Decode(x, pointX);
        Montgomery.Decode(y, pointY);
        if (!Montgomery.IsBelow(pointX, _modulus) || !Montgomery.IsBelow(pointY, _modulus))
            return false;
        var field = new Montgomery(_modulus);
        field.Multiply(pointX, _factor, pointX);
        field.Multiply(pointY, _factor, pointY);
        if (!IsOnCurve(field, pointX, pointY))
            return false;
        Span<byte> unused = stackalloc byte[Size];
        Multiply(privateKey, pointX, pointY, secret, unused);
        CryptographicOperations.ZeroMemory(unused);
        return true;
    }

    /// <summary>y * y = x * x * x - 3 * x + b.</summary>
    private bool IsOnCurve(Montgomery field, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y)
    {
        Span<ulong> left = stackalloc ulong[Limbs];
        Span<ulong> right = stackalloc ulong[Limbs];
        field.Multiply(x, x, right);
        field.Multiply(right, x, right);
        for (var i = 0; i < 3; i++)
            field.Subtract(right, x, right);
        field.Add(right, _b, right);
        field.Multiply(y, y, left);
        field.Subtract(left, right, left);
        return Montgomery.IsZero(left);
    }

    /// <summary>Doubles for each bit, and adds for each bit too: what is not wanted of it is not taken.</summary>
    private void Multiply(ReadOnlySpan<byte> scalar, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, Span<byte> resultX, Span<byte> resultY)
    {
        if (scalar.Length != Size || resultX.Length != Size || resultY.Length != Size)
            throw new ArgumentException($"keys and coordinates have {Size} bytes");
        var field = new Montgomery(_modulus);
        Span<ulong> memory = stackalloc ulong[(9 + Slots) * Limbs];
        memory.Clear();
        var sum = memory[..(3 * Limbs)];
        var point = memory.Slice(3 * Limbs, 3 * Limbs);
        var more = memory.Slice(6 * Limbs, 3 * Limbs);
        var scratch = memory[(9 * Limbs)..];
        _one.CopyTo(sum[Limbs..]); // 0 : 1 : 0, the point at infinity
        x.CopyTo(point);
        y.CopyTo(point[Limbs..]);
        _one.CopyTo(point[(2 * Limbs)..]);
        foreach (var octet in scalar)
        {
            for (var bit = 7; bit >= 0; bit--)
            {
                Add(field, sum, sum, sum, scratch);
                Add(field, sum, point, more, scratch);
                var take = 0UL - (ulong)(octet >> bit & 1);
                for (var i = 0; i < sum.Length; i++)
                    sum[i] ^= (sum[i] ^ more[i]) & take;
            }
        }
        var inverse = scratch[..Limbs];
        field.Power(sum[(2 * Limbs)..], _inverseExponent, inverse);
        Affine(field, sum[..Limbs], inverse, resultX);
        Affine(field, sum.Slice(Limbs, Limbs), inverse, resultY);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(memory));
    }

    private static void Affine(Montgomery field, Span<ulong> coordinate, ReadOnlySpan<ulong> inverse, Span<byte> result)
    {
        field.Multiply(coordinate, inverse, coordinate);
        Span<ulong> one = stackalloc ulong[field.Limbs];
        one.Clear();
        one[0] = 1;
        field.Multiply(coordinate, one, coordinate);
        Montgomery.Encode(coordinate, result);
    }

    /// <summary>Points as X : Y : Z; the result may be the place of either.</summary>
    private void Add(Montgomery field, ReadOnlySpan<ulong> first, ReadOnlySpan<ulong> second, Span<ulong> result, Span<ulong> scratch)
    {
        var x1 = Slot(scratch, 0);
        var y1 = Slot(scratch, 1);
        var z1 = Slot(scratch, 2);
        var x2 = Slot(scratch, 3);
        var y2 = Slot(scratch, 4);
        var z2 = Slot(scratch, 5);
        var t0 = Slot(scratch, 6);
        var t1 = Slot(scratch, 7);
        var t2 = Slot(scratch, 8);
        var t3 = Slot(scratch, 9);
        var t4 = Slot(scratch, 10);
        var x3 = Slot(scratch, 11);
        var y3 = Slot(scratch, 12);
        var z3 = Slot(scratch, 13);
        first.CopyTo(scratch);
        second.CopyTo(scratch[(3 * Limbs)..]);

        field.Multiply(x1, x2, t0);
        field.Multiply(y1, y2, t1);
        field.Multiply(z1, z2, t2);
        field.Add(x1, y1, t3);
        field.Add(x2, y2, t4);
        field.Multiply(t3, t4, t3);
        field.Add(t0, t1, t4);
        field.Subtract(t3, t4, t3);
        field.Add(y1, z1, t4);
        field.Add(y2, z2, x3);
        field.Multiply(t4, x3, t4);
        field.Add(t1, t2, x3);
        field.Subtract(t4, x3, t4);
        field.Add(x1, z1, x3);
        field.Add(x2, z2, y3);
        field.Multiply(x3, y3, x3);
        field.Add(t0, t2, y3);
        field.Subtract(x3, y3, y3);
        field.Multiply(_b, t2, z3);
        field.Subtract(y3, z3, x3);
        field.Add(x3, x3, z3);
        field.Add(x3, z3, x3);
        field.Subtract(t1, x3, z3);
        field.Add(t1, x3, x3);
        field.Multiply(_b, y3, y3);
        field.Add(t2, t2, t1);
        field.Add(t1, t2, t2);
        field.Subtract(y3, t2, y3);
        field.Subtract(y3, t0, y3);
        field.Add(y3, y3, t1);
        field.Add(t1, y3, y3);
        field.Add(t0, t0, t1);
        field.Add(t1, t0, t0);
        field.Subtract(t0, t2, t0);
        field.Multiply(t4, y3, t1);
        field.Multiply(t0, y3, t2);
        field.Multiply(x3, z3, y3);
        field.Add(y3, t2, y3);
        field.Multiply(t3, x3, x3);
        field.Subtract(x3, t1, x3);
        field.Multiply(t4, z3, z3);
        field.Multiply(t3, t0, t1);
        field.Add(z3, t1, z3);

        x3.CopyTo(result);
        y3.CopyTo(result[Limbs..]);
        z3.CopyTo(result[(2 * Limbs)..]);
    }

    private Span<ulong> Slot(Span<ulong> memory, int number) => memory.Slice(number * Limbs, Limbs);

    private static ulong[] Number(string hex)
    {
        var number = new ulong[hex.Length / 16];
        Montgomery.Decode(Convert.FromHexString(hex), number);
        return number;
    }

    private ulong[] InForm(Montgomery field, ulong[] number)
    {
        field.Multiply(number, _factor, number);
        return number;
    }
}
