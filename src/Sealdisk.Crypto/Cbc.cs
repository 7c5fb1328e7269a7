using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sealdisk.Crypto;

/// <summary>CBC over units of whole groups of eight blocks, in place.</summary>
internal static class Cbc
{
    /// <summary>
    /// Encrypts `count` (1 to 8) consecutive units of `size` bytes at `units`. A chain is serial, so eight chains run side by side; if
    /// there are fewer units, several lanes do the last one and read and write the same bytes. `ivs` holds eight IVs; each lane uses
    /// that of its unit.
    /// </summary>
    public static void Encrypt<TCore>(ref byte units, int count, nuint size, ReadOnlySpan<Block> ivs, ref readonly byte keys, nuint rounds)
        where TCore : IAesCore
    {
        var last = (nuint)count - 1;
        var u1 = nuint.Min(1, last);
        var u2 = nuint.Min(2, last);
        var u3 = nuint.Min(3, last);
        var u4 = nuint.Min(4, last);
        var u5 = nuint.Min(5, last);
        var u6 = nuint.Min(6, last);
        var u7 = nuint.Min(7, last);
        var b0 = ivs[0];
        var b1 = ivs[(int)u1];
        var b2 = ivs[(int)u2];
        var b3 = ivs[(int)u3];
        var b4 = ivs[(int)u4];
        var b5 = ivs[(int)u5];
        var b6 = ivs[(int)u6];
        var b7 = ivs[(int)u7];
        u1 *= size;
        u2 *= size;
        u3 *= size;
        u4 *= size;
        u5 *= size;
        u6 *= size;
        u7 *= size;
        for (nuint at = 0; at < size; at += 16)
        {
            b0 ^= Vector128.LoadUnsafe(ref units, at);
            b1 ^= Vector128.LoadUnsafe(ref units, u1 + at);
            b2 ^= Vector128.LoadUnsafe(ref units, u2 + at);
            b3 ^= Vector128.LoadUnsafe(ref units, u3 + at);
            b4 ^= Vector128.LoadUnsafe(ref units, u4 + at);
            b5 ^= Vector128.LoadUnsafe(ref units, u5 + at);
            b6 ^= Vector128.LoadUnsafe(ref units, u6 + at);
            b7 ^= Vector128.LoadUnsafe(ref units, u7 + at);
            AesRounds.Run<TCore>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
            b0.StoreUnsafe(ref units, at);
            b1.StoreUnsafe(ref units, u1 + at);
            b2.StoreUnsafe(ref units, u2 + at);
            b3.StoreUnsafe(ref units, u3 + at);
            b4.StoreUnsafe(ref units, u4 + at);
            b5.StoreUnsafe(ref units, u5 + at);
            b6.StoreUnsafe(ref units, u6 + at);
            b7.StoreUnsafe(ref units, u7 + at);
        }
    }

    /// <summary>Decrypts `count` consecutive units of `size` bytes at `units`, eight blocks at a time; `ivs` holds their IVs.</summary>
    public static void Decrypt<TCore>(ref byte units, int count, nuint size, ReadOnlySpan<Block> ivs, ref readonly byte keys, nuint rounds)
        where TCore : IAesCore
    {
        for (var unit = 0; unit < count; unit++)
        {
            Decrypt<TCore>(ref units, size, ivs[unit], in keys, rounds);
            units = ref Unsafe.Add(ref units, size);
        }
    }

    private static void Decrypt<TCore>(ref byte unit, nuint size, Block iv, ref readonly byte keys, nuint rounds) where TCore : IAesCore
    {
        for (nuint at = 0; at < size; at += 128)
        {
            var b0 = Vector128.LoadUnsafe(ref unit, at);
            var b1 = Vector128.LoadUnsafe(ref unit, at + 16);
            var b2 = Vector128.LoadUnsafe(ref unit, at + 32);
            var b3 = Vector128.LoadUnsafe(ref unit, at + 48);
            var b4 = Vector128.LoadUnsafe(ref unit, at + 64);
            var b5 = Vector128.LoadUnsafe(ref unit, at + 80);
            var b6 = Vector128.LoadUnsafe(ref unit, at + 96);
            var b7 = Vector128.LoadUnsafe(ref unit, at + 112);
            var next = b7;
            AesRounds.Run<TCore>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
            // From the last to the first: each needs the ciphertext before it, which is still in place.
            (b7 ^ Vector128.LoadUnsafe(ref unit, at + 96)).StoreUnsafe(ref unit, at + 112);
            (b6 ^ Vector128.LoadUnsafe(ref unit, at + 80)).StoreUnsafe(ref unit, at + 96);
            (b5 ^ Vector128.LoadUnsafe(ref unit, at + 64)).StoreUnsafe(ref unit, at + 80);
            (b4 ^ Vector128.LoadUnsafe(ref unit, at + 48)).StoreUnsafe(ref unit, at + 64);
            (b3 ^ Vector128.LoadUnsafe(ref unit, at + 32)).StoreUnsafe(ref unit, at + 48);
            (b2 ^ Vector128.LoadUnsafe(ref unit, at + 16)).StoreUnsafe(ref unit, at + 32);
            (b1 ^ Vector128.LoadUnsafe(ref unit, at)).StoreUnsafe(ref unit, at + 16);
            (b0 ^ iv).StoreUnsafe(ref unit, at);
            iv = next;
        }
    }
}
