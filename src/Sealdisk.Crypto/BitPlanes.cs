using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sealdisk.Crypto;

/// <summary>
/// Eight AES blocks as bit planes: bit b of byte j of plane i is bit i of byte j of block b. One instruction on a plane works on one
/// bit of all 128 bytes of state.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BitPlanes(Block p0, Block p1, Block p2, Block p3, Block p4, Block p5, Block p6, Block p7)
{
    public Block P0 = p0, P1 = p1, P2 = p2, P3 = p3, P4 = p4, P5 = p5, P6 = p6, P7 = p7;

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
    public void ShiftRows()
    {
        P0 = RowsLeft(P0);
        P1 = RowsLeft(P1);
        P2 = RowsLeft(P2);
        P3 = RowsLeft(P3);
        P4 = RowsLeft(P4);
        P5 = RowsLeft(P5);
        P6 = RowsLeft(P6);
        P7 = RowsLeft(P7);
    }

    /// <summary>Rotates row r of each block right by r columns.</summary>
    public void InverseShiftRows()
    {
        P0 = RowsRight(P0);
        P1 = RowsRight(P1);
        P2 = RowsRight(P2);
        P3 = RowsRight(P3);
        P4 = RowsRight(P4);
        P5 = RowsRight(P5);
        P6 = RowsRight(P6);
        P7 = RowsRight(P7);
    }

    /// <summary>
    /// Multiplies each column by 3x^3 + x^2 + x + 2. With b the column rotated by one row and c = a + b, that is
    /// 2 c + b + (c rotated by two rows).
    /// </summary>
    public void MixColumns()
    {
        var b0 = OneRowUp(P0);
        var b1 = OneRowUp(P1);
        var b2 = OneRowUp(P2);
        var b3 = OneRowUp(P3);
        var b4 = OneRowUp(P4);
        var b5 = OneRowUp(P5);
        var b6 = OneRowUp(P6);
        var b7 = OneRowUp(P7);
        var c0 = P0 ^ b0;
        var c1 = P1 ^ b1;
        var c2 = P2 ^ b2;
        var c3 = P3 ^ b3;
        var c4 = P4 ^ b4;
        var c5 = P5 ^ b5;
        var c6 = P6 ^ b6;
        var c7 = P7 ^ b7;
        P0 = c7 ^ b0 ^ TwoRowsUp(c0);
        P1 = c0 ^ c7 ^ b1 ^ TwoRowsUp(c1);
        P2 = c1 ^ b2 ^ TwoRowsUp(c2);
        P3 = c2 ^ c7 ^ b3 ^ TwoRowsUp(c3);
        P4 = c3 ^ c7 ^ b4 ^ TwoRowsUp(c4);
        P5 = c4 ^ b5 ^ TwoRowsUp(c5);
        P6 = c5 ^ b6 ^ TwoRowsUp(c6);
        P7 = c6 ^ b7 ^ TwoRowsUp(c7);
    }

    /// <summary>
    /// Undoes <see cref="MixColumns"/>. The inverse is MixColumns times 4x^2 + 5: first a + 4 (a + a rotated by two rows).
    /// </summary>
    public void InverseMixColumns()
    {
        var c0 = P0 ^ TwoRowsUp(P0);
        var c1 = P1 ^ TwoRowsUp(P1);
        var c2 = P2 ^ TwoRowsUp(P2);
        var c3 = P3 ^ TwoRowsUp(P3);
        var c4 = P4 ^ TwoRowsUp(P4);
        var c5 = P5 ^ TwoRowsUp(P5);
        var c6 = P6 ^ TwoRowsUp(P6);
        var c7 = P7 ^ TwoRowsUp(P7);
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

    // Row r by r columns: rows 2 and 3 by two, then rows 1 and 3 by one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block RowsLeft(Block plane)
    {
        var words = plane.AsUInt32();
        words = Vector128.ConditionalSelect(Vector128.Create(0xffff0000u), Vector128.Shuffle(words, Vector128.Create(2u, 3, 0, 1)), words);
        words = Vector128.ConditionalSelect(Vector128.Create(0xff00ff00u), Vector128.Shuffle(words, Vector128.Create(1u, 2, 3, 0)), words);
        return words.AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block RowsRight(Block plane)
    {
        var words = plane.AsUInt32();
        words = Vector128.ConditionalSelect(Vector128.Create(0xffff0000u), Vector128.Shuffle(words, Vector128.Create(2u, 3, 0, 1)), words);
        words = Vector128.ConditionalSelect(Vector128.Create(0xff00ff00u), Vector128.Shuffle(words, Vector128.Create(3u, 0, 1, 2)), words);
        return words.AsByte();
    }

    // A column is a word; its first row is the low byte. Shifts are used because not every x86-64 CPU can shuffle bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block OneRowUp(Block plane) => ((plane.AsUInt32() >> 8) | (plane.AsUInt32() << 24)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block TwoRowsUp(Block plane) => ((plane.AsUInt32() >> 16) | (plane.AsUInt32() << 16)).AsByte();

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
