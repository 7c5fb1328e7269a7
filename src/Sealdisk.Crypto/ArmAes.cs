using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Arm = System.Runtime.Intrinsics.Arm;

namespace Sealdisk.Crypto;

/// <summary>
/// AES with the Armv8 cryptographic extension, whose round instruction adds the round key before the substitution rather than
/// after it and leaves the columns to an instruction of its own. Only where <see cref="Arm.Aes.IsSupported"/>.
/// </summary>
internal readonly struct ArmAes : IAesCore
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Encrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds)
    {
        Block key;
        for (nuint round = 0; round < (nuint)rounds - 1; round++)
        {
            key = Vector128.LoadUnsafe(in keys, 16 * round);
            b0 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b0, key));
            b1 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b1, key));
            b2 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b2, key));
            b3 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b3, key));
            b4 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b4, key));
            b5 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b5, key));
            b6 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b6, key));
            b7 = Arm.Aes.MixColumns(Arm.Aes.Encrypt(b7, key));
        }
        key = Vector128.LoadUnsafe(in keys, 16 * ((nuint)rounds - 1));
        var last = Vector128.LoadUnsafe(in keys, 16 * (nuint)rounds);
        b0 = Arm.Aes.Encrypt(b0, key) ^ last;
        b1 = Arm.Aes.Encrypt(b1, key) ^ last;
        b2 = Arm.Aes.Encrypt(b2, key) ^ last;
        b3 = Arm.Aes.Encrypt(b3, key) ^ last;
        b4 = Arm.Aes.Encrypt(b4, key) ^ last;
        b5 = Arm.Aes.Encrypt(b5, key) ^ last;
        b6 = Arm.Aes.Encrypt(b6, key) ^ last;
        b7 = Arm.Aes.Encrypt(b7, key) ^ last;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds)
    {
        Block key;
        for (nuint round = 0; round < (nuint)rounds - 1; round++)
        {
            key = Vector128.LoadUnsafe(in keys, 16 * round);
            b0 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b0, key));
            b1 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b1, key));
            b2 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b2, key));
            b3 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b3, key));
            b4 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b4, key));
            b5 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b5, key));
            b6 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b6, key));
            b7 = Arm.Aes.InverseMixColumns(Arm.Aes.Decrypt(b7, key));
        }
        key = Vector128.LoadUnsafe(in keys, 16 * ((nuint)rounds - 1));
        var last = Vector128.LoadUnsafe(in keys, 16 * (nuint)rounds);
        b0 = Arm.Aes.Decrypt(b0, key) ^ last;
        b1 = Arm.Aes.Decrypt(b1, key) ^ last;
        b2 = Arm.Aes.Decrypt(b2, key) ^ last;
        b3 = Arm.Aes.Decrypt(b3, key) ^ last;
        b4 = Arm.Aes.Decrypt(b4, key) ^ last;
        b5 = Arm.Aes.Decrypt(b5, key) ^ last;
        b6 = Arm.Aes.Decrypt(b6, key) ^ last;
        b7 = Arm.Aes.Decrypt(b7, key) ^ last;
    }
}
