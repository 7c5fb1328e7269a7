using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Arm = System.Runtime.Intrinsics.Arm;

namespace Sealdisk.Crypto;

/// <summary>
/// AES encryption with the Armv8 cryptographic extension. Its round instruction adds the round key before the substitution, not after
/// it, and leaves the columns to a separate instruction. Only if <see cref="Arm.Aes.IsSupported"/>.
/// </summary>
internal readonly struct ArmEncryption : IAesCore
{
    /// <summary>Does nothing: the first round adds the first key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Start(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Round(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint round)
    {
        var key = Vector128.LoadUnsafe(in keys, 16 * (round - 1));
        b0 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b0, key));
        b1 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b1, key));
        b2 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b2, key));
        b3 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b3, key));
        b4 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b4, key));
        b5 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b5, key));
        b6 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b6, key));
        b7 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b7, key));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint rounds)
    {
        var key = Vector128.LoadUnsafe(in keys, 16 * (rounds - 1));
        var last = Vector128.LoadUnsafe(in keys, 16 * rounds);
        b0 = Arm.Aes.Encrypt(b0, key) ^ last;
        b1 = Arm.Aes.Encrypt(b1, key) ^ last;
        b2 = Arm.Aes.Encrypt(b2, key) ^ last;
        b3 = Arm.Aes.Encrypt(b3, key) ^ last;
        b4 = Arm.Aes.Encrypt(b4, key) ^ last;
        b5 = Arm.Aes.Encrypt(b5, key) ^ last;
        b6 = Arm.Aes.Encrypt(b6, key) ^ last;
        b7 = Arm.Aes.Encrypt(b7, key) ^ last;
    }
}
