using System.Runtime.CompilerServices;

namespace Sealdisk.Crypto;

/// <summary>All rounds of AES in a row. Unrolled: the end of a loop of ten or so turns is mispredicted each time.</summary>
internal static class AesRounds
{
    /// <summary>Encrypts or decrypts eight blocks in place, whichever the core does; `rounds` is 10, 12 or 14.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TCore>(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint rounds)
        where TCore : IAesCore
    {
        TCore.Start(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 1);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 2);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 3);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 4);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 5);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 6);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 7);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 8);
        TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 9);
        End<TCore>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
    }

    /// <summary>The rounds from the tenth on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void End<TCore>(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint rounds)
        where TCore : IAesCore
    {
        if (rounds > 10)
        {
            TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 10);
            TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 11);
        }
        if (rounds > 12)
        {
            TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 12);
            TCore.Round(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, 13);
        }
        TCore.Finish(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
    }
}
