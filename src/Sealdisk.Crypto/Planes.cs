using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sealdisk.Crypto;

/// <summary>
/// Eight AES blocks turned on their side: bit b of byte j of plane i is bit i of byte j of block b. One instruction on a
/// plane does the same to 128 bytes of state.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Planes
{
    public Block P0, P1, P2, P3, P4, P5, P6, P7;

    /// <summary>Transposes the 8 by 8 bits at every byte: blocks to planes, or planes to blocks.</summary>
    public void Transpose()
    {
        var m1 = Vector128.Create((byte)0x55);
        var m2 = Vector128.Create((byte)0x33);
        var m4 = Vector128.Create((byte)0x0f);
        Swap(ref P0, ref P1, 1, m1);
        Swap(ref P2, ref P3, 1, m1);
        Swap(ref P4, ref P5, 1, m1);
        Swap(ref P6, ref P7, 1, m1);
        Swap(ref P0, ref P2, 2, m2);
        Swap(ref P1, ref P3, 2, m2);
        Swap(ref P4, ref P6, 2, m2);
        Swap(ref P5, ref P7, 2, m2);
        Swap(ref P0, ref P4, 4, m4);
        Swap(ref P1, ref P5, 4, m4);
        Swap(ref P2, ref P6, 4, m4);
        Swap(ref P3, ref P7, 4, m4);
    }

    /// <summary>Adds a round key to all eight blocks.</summary>
    public void AddRoundKey(Block key)
    {
        P0 ^= Spread(key, 0x01);
        P1 ^= Spread(key, 0x02);
        P2 ^= Spread(key, 0x04);
        P3 ^= Spread(key, 0x08);
        P4 ^= Spread(key, 0x10);
        P5 ^= Spread(key, 0x20);
        P6 ^= Spread(key, 0x40);
        P7 ^= Spread(key, 0x80);
    }

    /// <summary>Rotates row r of each block left by r columns.</summary>
    public void ShiftRows() => Shuffle(Vector128.Create((byte)0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));

    /// <summary>Rotates row r of each block right by r columns.</summary>
    public void InverseShiftRows() => Shuffle(Vector128.Create((byte)0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));

    /// <summary>
    /// Multiplies each column by 3x^3 + x^2 + x + 2. With b the column rotated by one row and c = a + b, that is
    /// 2 c + b + (c rotated by two rows).
    /// </summary>
    public void MixColumns()
    {
        var one = Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
        var two = Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        var b0 = Vector128.Shuffle(P0, one);
        var b1 = Vector128.Shuffle(P1, one);
        var b2 = Vector128.Shuffle(P2, one);
        var b3 = Vector128.Shuffle(P3, one);
        var b4 = Vector128.Shuffle(P4, one);
        var b5 = Vector128.Shuffle(P5, one);
        var b6 = Vector128.Shuffle(P6, one);
        var b7 = Vector128.Shuffle(P7, one);
        var c0 = P0 ^ b0;
        var c1 = P1 ^ b1;
        var c2 = P2 ^ b2;
        var c3 = P3 ^ b3;
        var c4 = P4 ^ b4;
        var c5 = P5 ^ b5;
        var c6 = P6 ^ b6;
        var c7 = P7 ^ b7;
        P0 = c7 ^ b0 ^ Vector128.Shuffle(c0, two);
        P1 = c0 ^ c7 ^ b1 ^ Vector128.Shuffle(c1, two);
        P2 = c1 ^ b2 ^ Vector128.Shuffle(c2, two);
        P3 = c2 ^ c7 ^ b3 ^ Vector128.Shuffle(c3, two);
        P4 = c3 ^ c7 ^ b4 ^ Vector128.Shuffle(c4, two);
        P5 = c4 ^ b5 ^ Vector128.Shuffle(c5, two);
        P6 = c5 ^ b6 ^ Vector128.Shuffle(c6, two);
        P7 = c6 ^ b7 ^ Vector128.Shuffle(c7, two);
    }

    /// <summary>Undoes <see cref="MixColumns"/>, whose inverse is itself times 4x^2 + 5: first a + 4 (a + a rotated by two rows).</summary>
    public void InverseMixColumns()
    {
        var two = Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        var c0 = P0 ^ Vector128.Shuffle(P0, two);
        var c1 = P1 ^ Vector128.Shuffle(P1, two);
        var c2 = P2 ^ Vector128.Shuffle(P2, two);
        var c3 = P3 ^ Vector128.Shuffle(P3, two);
        var c4 = P4 ^ Vector128.Shuffle(P4, two);
        var c5 = P5 ^ Vector128.Shuffle(P5, two);
        var c6 = P6 ^ Vector128.Shuffle(P6, two);
        var c7 = P7 ^ Vector128.Shuffle(P7, two);
        P0 ^= c6;
        P1 ^= c7 ^ c6;
        P2 ^= c0 ^ c7;
        P3 ^= c1 ^ c6;
        P4 ^= c2 ^ c7 ^ c6;
        P5 ^= c3 ^ c7;
        P6 ^= c4;
        P7 ^= c5;
        MixColumns();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Shuffle(Block order)
    {
        P0 = Vector128.Shuffle(P0, order);
        P1 = Vector128.Shuffle(P1, order);
        P2 = Vector128.Shuffle(P2, order);
        P3 = Vector128.Shuffle(P3, order);
        P4 = Vector128.Shuffle(P4, order);
        P5 = Vector128.Shuffle(P5, order);
        P6 = Vector128.Shuffle(P6, order);
        P7 = Vector128.Shuffle(P7, order);
    }

    // All ones in every byte of the key that has the bit: the same key bit for all eight blocks.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block Spread(Block key, byte bit) => Vector128.Equals(key & Vector128.Create(bit), Vector128.Create(bit));

    // Exchanges the bits of `low` that the mask has, moved up by `shift`, for those bits of `high` that it has as they are.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Swap(ref Block low, ref Block high, int shift, Block mask)
    {
        var change = ((low.AsUInt64() >> shift).AsByte() ^ high) & mask;
        high ^= change;
        low ^= (change.AsUInt64() << shift).AsByte();
    }
}
