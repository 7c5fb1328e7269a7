using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// AES in CBC mode (NIST SP 800-38A) over a few blocks in place, for wrapped and derived keys; disks have <see cref="SectorCipher"/>,
/// which says why AES is written by hand. The round keys are on the stack and wiped before a call returns.
/// </summary>
public static class AesCbc
{
    /// <summary>Bytes of a block, and of an IV.</summary>
    public const int BlockSize = 16;

    /// <summary>Encrypts whole blocks.</summary>
    /// <param name="key">16, 24 or 32 bytes; stays the caller's.</param>
    /// <param name="iv">16 bytes.</param>
    /// <param name="data">A multiple of 16 bytes.</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static void Encrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data) =>
        Run(key, iv, data, encrypt: true, AesPaths.Best);

    /// <summary>Decrypts whole blocks.</summary>
    /// <param name="key">16, 24 or 32 bytes; stays the caller's.</param>
    /// <param name="iv">16 bytes.</param>
    /// <param name="data">A multiple of 16 bytes.</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static void Decrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data) =>
        Run(key, iv, data, encrypt: false, AesPaths.Best);

    internal static void Run(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data, bool encrypt, AesPath path)
    {
        if (key.Length is not (16 or 24 or 32) || iv.Length != BlockSize || data.Length % BlockSize != 0)
            throw new ArgumentException("a key has 16, 24 or 32 bytes, an IV 16, and data are whole blocks");
        var rounds = AesSchedule.Rounds(key.Length);
        Span<byte> schedules = stackalloc byte[2 * AesSchedule.Size];
        var encryption = schedules[..AesSchedule.Size];
        var decryption = schedules[AesSchedule.Size..];
        AesSchedule.Expand(key, encryption);
        AesSchedule.Invert(encryption, decryption, rounds);
        var keys = encrypt ? encryption : decryption;
        switch (path)
        {
            case AesPath.AesNi:
                Chain<X86Encryption, X86Decryption>(keys, (nuint)rounds, iv, data, encrypt);
                break;
            case AesPath.Armv8:
                Chain<ArmEncryption, ArmDecryption>(keys, (nuint)rounds, iv, data, encrypt);
                break;
            default:
                Chain<BitslicedEncryption, BitslicedDecryption>(keys, (nuint)rounds, iv, data, encrypt);
                break;
        }
        CryptographicOperations.ZeroMemory(schedules);
    }

    /// <summary>One block at a time, though a core takes eight: there are only a few.</summary>
    private static void Chain<TEncryption, TDecryption>(
        ReadOnlySpan<byte> keys, nuint rounds, ReadOnlySpan<byte> iv, Span<byte> data, bool encrypt)
        where TEncryption : IAesCore
        where TDecryption : IAesCore
    {
        ref readonly var first = ref MemoryMarshal.GetReference(keys);
        var chained = MemoryMarshal.Read<Block>(iv);
        foreach (ref var value in MemoryMarshal.Cast<byte, Block>(data))
        {
            var given = value;
            var input = encrypt ? given ^ chained : given;
            var (b0, b1, b2, b3, b4, b5, b6, b7) = (input, input, input, input, input, input, input, input);
            if (encrypt)
                AesRounds.Run<TEncryption>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in first, rounds);
            else
                AesRounds.Run<TDecryption>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in first, rounds);
            value = encrypt ? b0 : b0 ^ chained;
            chained = encrypt ? b0 : given;
        }
    }
}
