using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sealdisk.Crypto;

/// <summary>
/// XTS (IEEE 1619) over units of whole groups of eight blocks, in place. Encryption and decryption differ in the core only.
/// </summary>
internal static class Xts
{
    private const nuint Group = 8 * 16;

    /// <summary>
    /// Does `count` consecutive units of `size` bytes at `units`; `tweaks` holds their encrypted tweaks. The tweaks of a group are made
    /// between the rounds of the group before it, while the AES unit leaves the vector unit idle: they form a chain, and AES would have
    /// to wait for it. `scratch` holds sixteen: those of this group and those of the next one.
    /// </summary>
    public static void Run<TCore>(
        ref byte units,
        int count,
        nuint size,
        ReadOnlySpan<Block> tweaks,
        Span<Block> scratch,
        ref readonly byte keys,
        nuint rounds)
        where TCore : IAesCore
    {
        ref var masks = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(scratch));
        nuint now = 0;
        var tweak = tweaks[0];
        var carries = Carries(tweak);
        for (nuint i = 0; i < Group; i += 16)
            Keep(ref tweak, ref carries, ref masks, i);
        for (var unit = 0; unit < count; unit++)
        {
            for (nuint at = 0; at < size; at += Group)
            {
                if (at + Group == size && unit + 1 < count)
                    tweak = tweaks[unit + 1];
                carries = Carries(tweak);
                var next = now ^ Group;
                var b0 = Vector128.LoadUnsafe(ref units, at) ^ Vector128.LoadUnsafe(ref masks, now);
                var b1 = Vector128.LoadUnsafe(ref units, at + 16) ^ Vector128.LoadUnsafe(ref masks, now + 16);
                var b2 = Vector128.LoadUnsafe(ref units, at + 32) ^ Vector128.LoadUnsafe(ref masks, now + 32);
                var b3 = Vector128.LoadUnsafe(ref units, at + 48) ^ Vector128.LoadUnsafe(ref masks, now + 48);
                var b4 = Vector128.LoadUnsafe(ref units, at + 64) ^ Vector128.LoadUnsafe(ref masks, now + 64);
                var b5 = Vector128.LoadUnsafe(ref units, at + 80) ^ Vector128.LoadUnsafe(ref masks, now + 80);
                var b6 = Vector128.LoadUnsafe(ref units, at + 96) ^ Vector128.LoadUnsafe(ref masks, now + 96);
                var b7 = Vector128.LoadUnsafe(ref units, at + 112) ^ Vector128.LoadUnsafe(ref masks, now + 112);
                TCore.Start(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 1);
                Keep(ref tweak, ref carries, ref masks, next);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 2);
                Keep(ref tweak, ref carries, ref masks, next + 16);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 3);
                Keep(ref tweak, ref carries, ref masks, next + 32);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 4);
                Keep(ref tweak, ref carries, ref masks, next + 48);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 5);
                Keep(ref tweak, ref carries, ref masks, next + 64);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 6);
                Keep(ref tweak, ref carries, ref masks, next + 80);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 7);
                Keep(ref tweak, ref carries, ref masks, next + 96);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 8);
                Keep(ref tweak, ref carries, ref masks, next + 112);
                TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 9);
                AesRounds.End<TCore>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
                (b0 ^ Vector128.LoadUnsafe(ref masks, now)).StoreUnsafe(ref units, at);
                (b1 ^ Vector128.LoadUnsafe(ref masks, now + 16)).StoreUnsafe(ref units, at + 16);
                (b2 ^ Vector128.LoadUnsafe(ref masks, now + 32)).StoreUnsafe(ref units, at + 32);
                (b3 ^ Vector128.LoadUnsafe(ref masks, now + 48)).StoreUnsafe(ref units, at + 48);
                (b4 ^ Vector128.LoadUnsafe(ref masks, now + 64)).StoreUnsafe(ref units, at + 64);
                (b5 ^ Vector128.LoadUnsafe(ref masks, now + 80)).StoreUnsafe(ref units, at + 80);
                (b6 ^ Vector128.LoadUnsafe(ref masks, now + 96)).StoreUnsafe(ref units, at + 96);
                (b7 ^ Vector128.LoadUnsafe(ref masks, now + 112)).StoreUnsafe(ref units, at + 112);
                now = next;
            }
            units = ref Unsafe.Add(ref units, size);
        }
    }

    /// <summary>
    /// The bits that the next 32 steps carry, the next one in the sign bit: those out of the tweak in dword 0, where they fold back,
    /// and those out of its lower half in dword 2.
    /// </summary>
    private static Vector128<int> Carries(Block tweak) => Vector128.Shuffle(tweak.AsInt32(), Vector128.Create(3, 0, 1, 0));

    /// <summary>
    /// Stores a tweak and makes that of the next block: times x modulo x^128 + x^7 + x^2 + x + 1, little endian. Uses additions and a
    /// comparison: with a shuffle and a shift for each block, the AES around it is a tenth slower (docs/performance.md).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(ref Block tweak, ref Vector128<int> carries, ref byte masks, nuint at)
    {
        tweak.StoreUnsafe(ref masks, at);
        var carry = Vector128.LessThan(carries, Vector128<int>.Zero) & Vector128.Create(0x87, 0, 1, 0);
        carries += carries;
        tweak = (tweak.AsUInt64() + tweak.AsUInt64()).AsByte() ^ carry.AsByte();
    }
}
