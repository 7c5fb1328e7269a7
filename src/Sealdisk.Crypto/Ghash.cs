using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Arm = System.Runtime.Intrinsics.Arm;
using X86 = System.Runtime.Intrinsics.X86;

namespace Sealdisk.Crypto;

/// <summary>
/// GHASH, the universal hash of GCM (NIST SP 800-38D, 6.4): a polynomial in the hash key H over GF(2^128). An element is two words; the
/// most significant bit of <c>High</c> is the coefficient of x^0, as the standard numbers its bits. Reuses its memory for any number of
/// keys. By hand as part of <see cref="Gcm"/>.
/// </summary>
internal sealed class Ghash
{
    private const ulong Reduction = 0xE1UL << 56;

    /// <summary>Blocks that are multiplied before one reduction: the eight of the longest key that Linux seals, and the length.</summary>
    private const int Powers = 9;

    private static readonly ulong[] NibbleReduction = MakeNibbleReduction();

    private readonly bool _carryless;
    private readonly ulong[] _tableHigh = GC.AllocateArray<ulong>(16, pinned: true);
    private readonly ulong[] _tableLow = GC.AllocateArray<ulong>(16, pinned: true);
    private readonly Vector128<ulong>[] _powers = GC.AllocateArray<Vector128<ulong>>(Powers, pinned: true);

    /// <param name="carryless">Whether to use the CPU's carry-less multiplication; only if <see cref="HasCarryless"/>.</param>
    public Ghash(bool carryless) => _carryless = carryless;

    /// <summary>Whether this CPU multiplies without carries (PCLMULQDQ, PMULL).</summary>
    public static bool HasCarryless => X86.Pclmulqdq.IsSupported || Arm.Aes.IsSupported;

    /// <summary>Takes a new hash key, 16 bytes.</summary>
    public void SetKey(ReadOnlySpan<byte> key)
    {
        var (high, low) = (BinaryPrimitives.ReadUInt64BigEndian(key), BinaryPrimitives.ReadUInt64BigEndian(key[8..]));
        if (_carryless)
        {
            // H, H^2, H^3, ...
            _powers[0] = Element(high, low);
            for (var i = 1; i < Powers; i++)
            {
                var product = default(Product);
                product.Add(_powers[i - 1], _powers[0]);
                (high, low) = product.Reduce();
                _powers[i] = Element(high, low);
            }
            return;
        }

        // Entry n is n times H; the highest of n's four bits stands for x^0.
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

    /// <summary>Wipes the key.</summary>
    public void Wipe()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_powers.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_tableHigh.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_tableLow.AsSpan()));
    }

    /// <summary>The hash of bytes, zero-padded to whole blocks, and of the block with their length in bits.</summary>
    public (ulong High, ulong Low) Hash(ReadOnlySpan<byte> data) => _carryless ? HashCarryless(data) : HashTable(data);

    /// <summary>
    /// ((a H + b) H + c) H = a H^3 + b H^2 + c H: with the powers of H at hand, the products do not wait for each other, and their sum
    /// is reduced once.
    /// </summary>
    private (ulong High, ulong Low) HashCarryless(ReadOnlySpan<byte> data)
    {
        var length = Element(0, (ulong)data.Length * 8);
        var state = Vector128<ulong>.Zero;
        for (var blocks = ((data.Length + 15) / 16) + 1; ;)
        {
            var product = default(Product);
            var power = Math.Min(blocks, Powers);
            blocks -= power;
            for (; power > 0; power--)
            {
                product.Add(state ^ (data.IsEmpty ? length : Next(ref data)), _powers[power - 1]);
                state = Vector128<ulong>.Zero;
            }
            var (high, low) = product.Reduce();
            if (blocks == 0)
                return (high, low);
            state = Element(high, low);
        }
    }

    private (ulong High, ulong Low) HashTable(ReadOnlySpan<byte> data)
    {
        var (high, low) = (0UL, 0UL);
        var bits = (ulong)data.Length * 8;
        while (!data.IsEmpty)
        {
            var block = Next(ref data);
            (high, low) = TimesTable(high ^ block.GetElement(1), low ^ block.ToScalar());
        }
        return TimesTable(high, low ^ bits);
    }

    /// <summary>Takes a block from the front, or the rest and zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Next(ref ReadOnlySpan<byte> data)
    {
        if (data.Length < 16)
            return Last(ref data);
        var block = Element(BinaryPrimitives.ReadUInt64BigEndian(data), BinaryPrimitives.ReadUInt64BigEndian(data[8..]));
        data = data[16..];
        return block;
    }

    private static Vector128<ulong> Last(ref ReadOnlySpan<byte> data)
    {
        Span<byte> block = stackalloc byte[16];
        block.Clear();
        data.CopyTo(block);
        data = [];
        return Element(BinaryPrimitives.ReadUInt64BigEndian(block), BinaryPrimitives.ReadUInt64BigEndian(block[8..]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Element(ulong high, ulong low) => Vector128.Create(low, high);

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

    /// <summary>A sum of products of elements, not yet reduced.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Product
    {
        private Vector128<ulong> _high;
        private Vector128<ulong> _middle;
        private Vector128<ulong> _low;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector128<ulong> a, Vector128<ulong> b)
        {
            if (X86.Pclmulqdq.IsSupported)
            {
                _high ^= X86.Pclmulqdq.CarrylessMultiply(a, b, 0x11);
                _middle ^= X86.Pclmulqdq.CarrylessMultiply(a, b, 0x01) ^ X86.Pclmulqdq.CarrylessMultiply(a, b, 0x10);
                _low ^= X86.Pclmulqdq.CarrylessMultiply(a, b, 0x00);
            }
            else
            {
                _high ^= Arm.Aes.PolynomialMultiplyWideningUpper(a, b);
                _middle ^= Arm.Aes.PolynomialMultiplyWideningLower(a.GetUpper(), b.GetLower());
                _middle ^= Arm.Aes.PolynomialMultiplyWideningLower(a.GetLower(), b.GetUpper());
                _low ^= Arm.Aes.PolynomialMultiplyWideningLower(a.GetLower(), b.GetLower());
            }
        }

        /// <summary>
        /// The product of reflected words is the reflected product, one bit too low; then the lower half is folded into the upper by
        /// x^128 = x^7 + x^2 + x + 1.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly (ulong High, ulong Low) Reduce()
        {
            var x0 = _low.ToScalar();
            var x1 = _low.GetElement(1) ^ _middle.ToScalar();
            var x2 = _high.ToScalar() ^ _middle.GetElement(1);
            var x3 = _high.GetElement(1);
            (x3, x2, x1, x0) = ((x3 << 1) | (x2 >> 63), (x2 << 1) | (x1 >> 63), (x1 << 1) | (x0 >> 63), x0 << 1);

            x1 ^= (x0 << 63) ^ (x0 << 62) ^ (x0 << 57);
            return (
                x3 ^ x1 ^ (x1 >> 1) ^ (x1 >> 2) ^ (x1 >> 7),
                x2 ^ x0 ^ ((x0 >> 1) | (x1 << 63)) ^ ((x0 >> 2) | (x1 << 62)) ^ ((x0 >> 7) | (x1 << 57)));
        }
    }
}
