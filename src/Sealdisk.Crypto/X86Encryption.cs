using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using X86 = System.Runtime.Intrinsics.X86;

namespace Sealdisk.Crypto;

/// <summary>AES encryption with the AES-NI instructions. Only if <see cref="X86.Aes.IsSupported"/>.</summary>
internal readonly struct X86Encryption : IAesCore
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Start(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys)
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
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Round(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint round)
    {
        var key = Vector128.LoadUnsafe(in keys, 16 * round);
        b0 = X86.Aes.Encrypt(b0, key);
        b1 = X86.Aes.Encrypt(b1, key);
        b2 = X86.Aes.Encrypt(b2, key);
        b3 = X86.Aes.Encrypt(b3, key);
        b4 = X86.Aes.Encrypt(b4, key);
        b5 = X86.Aes.Encrypt(b5, key);
        b6 = X86.Aes.Encrypt(b6, key);
        b7 = X86.Aes.Encrypt(b7, key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint rounds)
    {
        var key = Vector128.LoadUnsafe(in keys, 16 * rounds);
        b0 = X86.Aes.EncryptLast(b0, key);
        b1 = X86.Aes.EncryptLast(b1, key);
        b2 = X86.Aes.EncryptLast(b2, key);
        b3 = X86.Aes.EncryptLast(b3, key);
        b4 = X86.Aes.EncryptLast(b4, key);
        b5 = X86.Aes.EncryptLast(b5, key);
        b6 = X86.Aes.EncryptLast(b6, key);
        b7 = X86.Aes.EncryptLast(b7, key);
    }
}
