using System.Runtime.Intrinsics;

namespace Sealdisk.Crypto;

/// <summary>
/// AES encryption for any CPU, see <see cref="BitslicedAes"/>. Between the rounds the eight blocks hold the <see cref="BitPlanes"/>.
/// </summary>
internal readonly struct BitslicedEncryption : IAesCore
{
    public static void Start(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys)
    {
        var p = new BitPlanes(b0, b1, b2, b3, b4, b5, b6, b7);
        p.Transpose();
        p.AddRoundKey(Vector128.LoadUnsafe(in keys));
        (b0, b1, b2, b3, b4, b5, b6, b7) = (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7);
    }

    public static void Round(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint round)
    {
        var p = new BitPlanes(b0, b1, b2, b3, b4, b5, b6, b7);
        BitslicedSubstitution.Forward(ref p);
        p.ShiftRows();
        p.MixColumns();
        p.AddRoundKey(Vector128.LoadUnsafe(in keys, 16 * round) ^ BitslicedAes.SubstitutionConstant);
        (b0, b1, b2, b3, b4, b5, b6, b7) = (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7);
    }

    public static void Finish(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint rounds)
    {
        var p = new BitPlanes(b0, b1, b2, b3, b4, b5, b6, b7);
        BitslicedSubstitution.Forward(ref p);
        p.ShiftRows();
        p.AddRoundKey(Vector128.LoadUnsafe(in keys, 16 * rounds) ^ BitslicedAes.SubstitutionConstant);
        p.Transpose();
        (b0, b1, b2, b3, b4, b5, b6, b7) = (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7);
    }
}
