using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using X86 = System.Runtime.Intrinsics.X86;

namespace Sealdisk.Crypto;

/// <summary>AES with the AES-NI instructions. Only where <see cref="X86.Aes.IsSupported"/>.</summary>
internal readonly struct X86Aes : IAesCore
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Encrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds)
    {
        var key = Vector128.LoadUnsafe(in keys);
        b0 ^= key;
        b1 ^= key;
        b2 ^= key;
        b3 ^= key;
        b4 ^= key;
        b5 ^= key;
        b6 ^= key;
        b7 ^= key;
        for (nuint round = 1; round < (nuint)rounds; round++)
        {
            key = Vector128.LoadUnsafe(in keys, 16 * round);
            b0 = X86.Aes.Encrypt(b0, key);
            b1 = X86.Aes.Encrypt(b1, key);
            b2 = X86.Aes.Encrypt(b2, key);
            b3 = X86.Aes.Encrypt(b3, key);
            b4 = X86.Aes.Encrypt(b4, key);
            b5 = X86.Aes.Encrypt(b5, key);
            b6 = X86.Aes.Encrypt(b6, key);
            b7 = X86.Aes.Encrypt(b7, key);
        }
        key = Vector128.LoadUnsafe(in keys, 16 * (nuint)rounds);
        b0 = X86.Aes.EncryptLast(b0, key);
        b1 = X86.Aes.EncryptLast(b1, key);
        b2 = X86.Aes.EncryptLast(b2, key);
        b3 = X86.Aes.EncryptLast(b3, key);
        b4 = X86.Aes.EncryptLast(b4, key);
        b5 = X86.Aes.EncryptLast(b5, key);
        b6 = X86.Aes.EncryptLast(b6, key);
        b7 = X86.Aes.EncryptLast(b7, key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds)
    {
        var key = Vector128.LoadUnsafe(in keys);
        b0 ^= key;
        b1 ^= key;
        b2 ^= key;
        b3 ^= key;
        b4 ^= key;
        b5 ^= key;
        b6 ^= key;
        b7 ^= key;
        for (nuint round = 1; round < (nuint)rounds; round++)
        {
            key = Vector128.LoadUnsafe(in keys, 16 * round);
            b0 = X86.Aes.Decrypt(b0, key);
            b1 = X86.Aes.Decrypt(b1, key);
            b2 = X86.Aes.Decrypt(b2, key);
            b3 = X86.Aes.Decrypt(b3, key);
            b4 = X86.Aes.Decrypt(b4, key);
            b5 = X86.Aes.Decrypt(b5, key);
            b6 = X86.Aes.Decrypt(b6, key);
            b7 = X86.Aes.Decrypt(b7, key);
        }
        key = Vector128.LoadUnsafe(in keys, 16 * (nuint)rounds);
        b0 = X86.Aes.DecryptLast(b0, key);
        b1 = X86.Aes.DecryptLast(b1, key);
        b2 = X86.Aes.DecryptLast(b2, key);
        b3 = X86.Aes.DecryptLast(b3, key);
        b4 = X86.Aes.DecryptLast(b4, key);
        b5 = X86.Aes.DecryptLast(b5, key);
        b6 = X86.Aes.DecryptLast(b6, key);
        b7 = X86.Aes.DecryptLast(b7, key);
    }
}
