using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Arm = System.Runtime.Intrinsics.Arm;
using Vectors = System.Runtime.Intrinsics.Vector128;
using X86 = System.Runtime.Intrinsics.X86;

namespace Sealdisk.Crypto;

/// <summary>
/// GHASH, the universal hash of GCM (NIST SP 800-38D, 6.4): a polynomial in the hash key H over GF(2^128). An element is two words, the most
/// significant bit of <c>High</c> being the coefficient of x^0, as the standard numbers its bits. Reuses its memory for any number of keys.
/// </summary>
internal sealed class Ghash
{
    private const ulong Reduction = 0xE1UL << 56;
    private static readonly ulong[] NibbleReduction = MakeNibbleReduction();

    private readonly bool _carryless;
    private readonly ulong[] _tableHigh = GC.AllocateArray<ulong>(16, pinned: true);
    private readonly ulong[] _tableLow = GC.AllocateArray<ulong>(16, pinned: true);
    private ulong _keyHigh;
    private ulong _keyLow;

    /// <param name="carryless">Whether to use the CPU's carry-less multiplication; only where <see cref="HasCarryless"/>.</param>
    public Ghash(bool carryless) => _carryless = carryless;

    /// <summary>Whether this CPU multiplies without carries (PCLMULQDQ, PMULL).</summary>
    public static bool HasCarryless => X86.Pclmulqdq.IsSupported || Arm.Aes.IsSupported;

    /// <summary>Takes a new hash key, 16 bytes.</summary>
    public void SetKey(ReadOnlySpan<byte> key)
    {
        _keyHigh = BinaryPrimitives.ReadUInt64BigEndian(key);
        _keyLow = BinaryPrimitives.ReadUInt64BigEndian(key[8..]);
        if (_carryless)
            return;

        // Entry n is n times H, where the highest of n's four bits stands for x^0.
        var (high, low) = (_keyHigh, _keyLow);
        for (var bit = 8; bit > 0; bit >>= 1)
        {
            (_tableHigh[bit], _tableLow[bit]) = (high, low);
            (high, low) = TimesX(high, low);
        }
        for (var n = 3; n < 16; n++)
        {
            var bit = 1 << (31 - int.LeadingZeroCount(n));
            (_tableHigh[n], _tableLow[n]) = (_tableHigh[bit] ^ _tableHigh[n - bit], _tableLow[bit] ^ _tableLow[n - bit]);
        }
    }

    /// <summary>Forgets the key.</summary>
    public void Wipe()
    {
        (_keyHigh, _keyLow) = (0, 0);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_tableHigh.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_tableLow.AsSpan()));
    }

    /// <summary>The hash of some bytes, zero-padded to whole blocks, and of the block that states their length in bits.</summary>
    public (ulong High, ulong Low) Hash(ReadOnlySpan<byte> data)
    {
        var (high, low) = (0UL, 0UL);
        var bits = (ulong)data.Length * 8;
        for (; data.Length >= 16; data = data[16..])
            (high, low) = Times(high ^ BinaryPrimitives.ReadUInt64BigEndian(data), low ^ BinaryPrimitives.ReadUInt64BigEndian(data[8..]));
        if (!data.IsEmpty)
        {
            Span<byte> last = stackalloc byte[16];
            last.Clear();
            data.CopyTo(last);
            (high, low) = Times(high ^ BinaryPrimitives.ReadUInt64BigEndian(last), low ^ BinaryPrimitives.ReadUInt64BigEndian(last[8..]));
        }
        return Times(high, low ^ bits);
    }

    private (ulong High, ulong Low) Times(ulong high, ulong low) => _carryless ? TimesCarryless(high, low) : TimesTable(high, low);

    /// <summary>
    /// The product of reflected words is the reflected product, one bit too low; then the lower half is folded into the upper by
    /// x^128 = x^7 + x^2 + x + 1.
    /// </summary>
    private (ulong High, ulong Low) TimesCarryless(ulong high, ulong low)
    {
        var (h1, h0) = Multiply(high, _keyHigh);
        var (l1, l0) = Multiply(low, _keyLow);
        var (a1, a0) = Multiply(high, _keyLow);
        var (b1, b0) = Multiply(low, _keyHigh);
        var x0 = l0;
        var x1 = l1 ^ a0 ^ b0;
        var x2 = h0 ^ a1 ^ b1;
        var x3 = h1;
        (x3, x2, x1, x0) = ((x3 << 1) | (x2 >> 63), (x2 << 1) | (x1 >> 63), (x1 << 1) | (x0 >> 63), x0 << 1);

        x1 ^= (x0 << 63) ^ (x0 << 62) ^ (x0 << 57);
        return (
            x3 ^ x1 ^ (x1 >> 1) ^ (x1 >> 2) ^ (x1 >> 7),
            x2 ^ x0 ^ ((x0 >> 1) | (x1 << 63)) ^ ((x0 >> 2) | (x1 << 62)) ^ ((x0 >> 7) | (x1 << 57)));
    }

    private static (ulong High, ulong Low) Multiply(ulong a, ulong b)
    {
        var product = X86.Pclmulqdq.IsSupported
            ? X86.Pclmulqdq.CarrylessMultiply(Vectors.CreateScalar(a), Vectors.CreateScalar(b), 0)
            : Arm.Aes.PolynomialMultiplyWideningLower(System.Runtime.Intrinsics.Vector64.CreateScalar(a), System.Runtime.Intrinsics.Vector64.CreateScalar(b));
        return (Vectors.GetElement(product, 1), Vectors.ToScalar(product));
    }

    /// <summary>Four bits at a time, from x^127 down. Its time depends on the data: use it for tags, which are public.</summary>
    private (ulong High, ulong Low) TimesTable(ulong high, ulong low)
    {
        var (z1, z0) = (0UL, 0UL);
        for (var shift = 0; shift < 128; shift += 4)
        {
            if (shift > 0)
            {
                var carried = NibbleReduction[z0 & 15];
                (z1, z0) = ((z1 >> 4) ^ carried, (z0 >> 4) | (z1 << 60));
            }
            var nibble = (shift < 64 ? low >> shift : high >> (shift - 64)) & 15;
            z1 ^= _tableHigh[nibble];
            z0 ^= _tableLow[nibble];
        }
        return (z1, z0);
    }

    private static (ulong High, ulong Low) TimesX(ulong high, ulong low) =>
        ((high >> 1) ^ (Reduction & (0 - (low & 1))), (low >> 1) | (high << 63));

    private static ulong[] MakeNibbleReduction()
    {
        var table = new ulong[16];
        for (var n = 0UL; n < 16; n++)
        {
            var (high, low) = (0UL, n);
            for (var i = 0; i < 4; i++)
                (high, low) = TimesX(high, low);
            table[n] = high;
        }
        return table;
    }
}
