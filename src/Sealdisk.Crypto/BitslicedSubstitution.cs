using System.Runtime.CompilerServices;

namespace Sealdisk.Crypto;

/// <summary>
/// AES's S-box as logic on bit planes, without tables, so that neither time nor cache depends on the data. Inversion in GF(2^8) is
/// reduced to inversion in GF(2^4) and GF(2^2) by a tower of quadratic extensions: GF(2^2) = GF(2)[w]/(w^2+w+1), GF(2^4) =
/// GF(2^2)[x]/(x^2+x+w), GF(2^8) = GF(2^4)[y]/(y^2+y+wx); AES's generator 2 is the tower's element 0x60, the choice whose four linear
/// maps need the fewest gates. The S-box's constant 0x63 is left to the round keys.
/// </summary>
internal static class BitslicedSubstitution
{
    /// <summary>The S-box without its constant, on all bytes.</summary>
    public static void Forward(ref BitPlanes p)
    {
        var (v0, v1, v2, v3, v4, v5, v6, v7) = (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7);
        ToTower(ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7);
        Invert(ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7);
        FromTowerAffine(ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7);
        (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7) = (v0, v1, v2, v3, v4, v5, v6, v7);
    }

    /// <summary>The inverse S-box of bytes to which its constant has been added.</summary>
    public static void Inverse(ref BitPlanes p)
    {
        var (v0, v1, v2, v3, v4, v5, v6, v7) = (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7);
        ToTowerInverseAffine(ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7);
        Invert(ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7);
        FromTower(ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7);
        (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7) = (v0, v1, v2, v3, v4, v5, v6, v7);
    }

    // (h y + l)^-1 = (h y + h + l) / N with N = wx h^2 + h l + l^2, a division in GF(2^4) by way of the same formula in GF(2^2),
    // where squaring inverts. Zero, as AES wants, stays zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Invert(ref Block v0, ref Block v1, ref Block v2, ref Block v3,
        ref Block v4, ref Block v5, ref Block v6, ref Block v7)
    {
        Multiply16(v7, v6, v5, v4, v3, v2, v1, v0, out var n3, out var n2, out var n1, out var n0);
        n3 ^= v4 ^ v7 ^ v3;
        n2 ^= v5 ^ v6 ^ v7 ^ v2 ^ v3;
        n1 ^= v6 ^ v7 ^ v1 ^ v2;
        n0 ^= v6 ^ v0 ^ v1 ^ v3;

        Multiply4(n3, n2, n1, n0, out var m1, out var m0);
        m1 ^= n2 ^ n1;
        m0 ^= n3 ^ n1 ^ n0;
        m0 ^= m1;
        Multiply4(n3, n2, m1, m0, out var i3, out var i2);
        Multiply4(n3 ^ n1, n2 ^ n0, m1, m0, out var i1, out var i0);

        var (s3, s2, s1, s0) = (v7 ^ v3, v6 ^ v2, v5 ^ v1, v4 ^ v0);
        Multiply16(v7, v6, v5, v4, i3, i2, i1, i0, out v7, out v6, out v5, out v4);
        Multiply16(s3, s2, s1, s0, i3, i2, i1, i0, out v3, out v2, out v1, out v0);
    }

    // (a1 x + a0)(b1 x + b0) with three products: x^2 = x + w.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply16(Block a3, Block a2, Block a1, Block a0, Block b3, Block b2, Block b1, Block b0,
        out Block c3, out Block c2, out Block c1, out Block c0)
    {
        Multiply4(a3, a2, b3, b2, out var h1, out var h0);
        Multiply4(a1, a0, b1, b0, out var l1, out var l0);
        Multiply4(a3 ^ a1, a2 ^ a0, b3 ^ b1, b2 ^ b0, out var m1, out var m0);
        (c3, c2, c1, c0) = (m1 ^ l1, m0 ^ l0, l1 ^ h1 ^ h0, l0 ^ h1);
    }

    // (a1 w + a0)(b1 w + b0) with three products: w^2 = w + 1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply4(Block a1, Block a0, Block b1, Block b0, out Block c1, out Block c0)
    {
        var low = a0 & b0;
        c1 = ((a1 ^ a0) & (b1 ^ b0)) ^ low;
        c0 = (a1 & b1) ^ low;
    }

    // Bytes of AES's field, bit planes low to high, in the tower's basis.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToTower(ref Block v0, ref Block v1, ref Block v2, ref Block v3,
        ref Block v4, ref Block v5, ref Block v6, ref Block v7)
    {
        var t8 = v3 ^ v4;
        var t9 = v6 ^ t8;
        var t10 = v2 ^ t9;
        var t11 = v5 ^ v7;
        var t12 = v0 ^ t10;
        var t13 = v1 ^ v4;
        var t14 = v1 ^ v5;
        var t15 = v6 ^ v7;
        var t16 = v7 ^ t10;
        var t17 = t9 ^ t11;
        var t18 = t10 ^ t14;
        var t19 = t13 ^ t15;
        (v0, v1, v2, v3, v4, v5, v6, v7) = (t12, v2, t17, t8, t16, t19, t18, t11);
    }

    // Back again, and the S-box's linear map, in one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FromTowerAffine(ref Block v0, ref Block v1, ref Block v2, ref Block v3,
        ref Block v4, ref Block v5, ref Block v6, ref Block v7)
    {
        var t8 = v0 ^ v6;
        var t9 = v2 ^ v3;
        var t10 = v1 ^ t8;
        var t11 = v0 ^ v5;
        var t12 = v3 ^ v4;
        var t13 = v4 ^ v7;
        var t14 = v4 ^ t8;
        var t15 = v5 ^ t8;
        var t16 = v6 ^ v7;
        var t17 = t9 ^ t10;
        var t18 = t9 ^ t14;
        var t19 = t9 ^ t16;
        var t20 = t10 ^ t12;
        (v0, v1, v2, v3, v4, v5, v6, v7) = (t15, t20, t17, t11, t18, t19, t13, v2);
    }

    // The inverse of the S-box's linear map, and into the tower's basis, in one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToTowerInverseAffine(ref Block v0, ref Block v1, ref Block v2, ref Block v3,
        ref Block v4, ref Block v5, ref Block v6, ref Block v7)
    {
        var t8 = v1 ^ v2;
        var t9 = v5 ^ v6;
        var t10 = v0 ^ v3;
        var t11 = v4 ^ t9;
        var t12 = v7 ^ t8;
        var t13 = v1 ^ v4;
        var t14 = v3 ^ t11;
        var t15 = v6 ^ t12;
        var t16 = v7 ^ t13;
        var t17 = t8 ^ t9;
        var t18 = t10 ^ t17;
        (v0, v1, v2, v3, v4, v5, v6, v7) = (t11, t16, v7, t18, t12, t14, t10, t15);
    }

    // The tower's basis to that of AES's field.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FromTower(ref Block v0, ref Block v1, ref Block v2, ref Block v3,
        ref Block v4, ref Block v5, ref Block v6, ref Block v7)
    {
        var t8 = v1 ^ v7;
        var t9 = v2 ^ v4;
        var t10 = v5 ^ v6;
        var t11 = t8 ^ t10;
        var t12 = v0 ^ v2;
        var t13 = v1 ^ t9;
        var t14 = v2 ^ v3;
        var t15 = v3 ^ t11;
        var t16 = v4 ^ v6;
        var t17 = v7 ^ t14;
        var t18 = v7 ^ t16;
        var t19 = t8 ^ t9;
        var t20 = t8 ^ t12;
        (v0, v1, v2, v3, v4, v5, v6, v7) = (t20, t18, v1, t11, t15, t13, t17, t19);
    }
}
