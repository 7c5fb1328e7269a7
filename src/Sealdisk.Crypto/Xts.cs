using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sealdisk.Crypto;

/// <summary>XTS (IEEE 1619) over one unit of whole groups of eight blocks, in place; the tweak comes already encrypted.</summary>
internal static class Xts
{
    /// <summary>Encrypts `size` bytes at `unit`.</summary>
    public static void Encrypt<TCore>(ref byte unit, nuint size, Block tweak, ref readonly byte keys, int rounds) where TCore : IAesCore
    {
        for (nuint at = 0; at < size; at += 128)
        {
            var t0 = tweak;
            var t1 = Double(t0);
            var t2 = Double(t1);
            var t3 = Double(t2);
            var t4 = Double(t3);
            var t5 = Double(t4);
            var t6 = Double(t5);
            var t7 = Double(t6);
            tweak = Double(t7);
            var b0 = Vector128.LoadUnsafe(ref unit, at) ^ t0;
            var b1 = Vector128.LoadUnsafe(ref unit, at + 16) ^ t1;
            var b2 = Vector128.LoadUnsafe(ref unit, at + 32) ^ t2;
            var b3 = Vector128.LoadUnsafe(ref unit, at + 48) ^ t3;
            var b4 = Vector128.LoadUnsafe(ref unit, at + 64) ^ t4;
            var b5 = Vector128.LoadUnsafe(ref unit, at + 80) ^ t5;
            var b6 = Vector128.LoadUnsafe(ref unit, at + 96) ^ t6;
            var b7 = Vector128.LoadUnsafe(ref unit, at + 112) ^ t7;
            TCore.Encrypt(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
            (b0 ^ t0).StoreUnsafe(ref unit, at);
            (b1 ^ t1).StoreUnsafe(ref unit, at + 16);
            (b2 ^ t2).StoreUnsafe(ref unit, at + 32);
            (b3 ^ t3).StoreUnsafe(ref unit, at + 48);
            (b4 ^ t4).StoreUnsafe(ref unit, at + 64);
            (b5 ^ t5).StoreUnsafe(ref unit, at + 80);
            (b6 ^ t6).StoreUnsafe(ref unit, at + 96);
            (b7 ^ t7).StoreUnsafe(ref unit, at + 112);
        }
    }

    /// <summary>Decrypts `size` bytes at `unit`.</summary>
    public static void Decrypt<TCore>(ref byte unit, nuint size, Block tweak, ref readonly byte keys, int rounds) where TCore : IAesCore
    {
        for (nuint at = 0; at < size; at += 128)
        {
            var t0 = tweak;
            var t1 = Double(t0);
            var t2 = Double(t1);
            var t3 = Double(t2);
            var t4 = Double(t3);
            var t5 = Double(t4);
            var t6 = Double(t5);
            var t7 = Double(t6);
            tweak = Double(t7);
            var b0 = Vector128.LoadUnsafe(ref unit, at) ^ t0;
            var b1 = Vector128.LoadUnsafe(ref unit, at + 16) ^ t1;
            var b2 = Vector128.LoadUnsafe(ref unit, at + 32) ^ t2;
            var b3 = Vector128.LoadUnsafe(ref unit, at + 48) ^ t3;
            var b4 = Vector128.LoadUnsafe(ref unit, at + 64) ^ t4;
            var b5 = Vector128.LoadUnsafe(ref unit, at + 80) ^ t5;
            var b6 = Vector128.LoadUnsafe(ref unit, at + 96) ^ t6;
            var b7 = Vector128.LoadUnsafe(ref unit, at + 112) ^ t7;
            TCore.Decrypt(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
            (b0 ^ t0).StoreUnsafe(ref unit, at);
            (b1 ^ t1).StoreUnsafe(ref unit, at + 16);
            (b2 ^ t2).StoreUnsafe(ref unit, at + 32);
            (b3 ^ t3).StoreUnsafe(ref unit, at + 48);
            (b4 ^ t4).StoreUnsafe(ref unit, at + 64);
            (b5 ^ t5).StoreUnsafe(ref unit, at + 80);
            (b6 ^ t6).StoreUnsafe(ref unit, at + 96);
            (b7 ^ t7).StoreUnsafe(ref unit, at + 112);
        }
    }

    // The tweak of the next block: times x modulo x^128 + x^7 + x^2 + x + 1, little endian.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block Double(Block tweak)
    {
        var carry = (Vector128.Shuffle(tweak.AsInt32(), Vector128.Create(3, 0, 1, 0)) >> 31) & Vector128.Create(0x87, 0, 1, 0);
        return (tweak.AsUInt64() + tweak.AsUInt64()).AsByte() ^ carry.AsByte();
    }
}
