using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// AES-256 in CBC mode (NIST SP 800-38A) over a few blocks in place, for wrapped keys; disks have <see cref="SectorCipher"/>. The round keys are on the
/// stack and wiped before a call returns.
/// </summary>
public static class AesCbc
{
    /// <summary>Bytes of a key.</summary>
    public const int KeySize = 32;

    /// <summary>Bytes of a block, and of an IV.</summary>
    public const int BlockSize = 16;

    private const int Rounds = 14;

    /// <summary>Encrypts whole blocks.</summary>
    /// <param name="key">32 bytes; stays the caller's.</param>
    /// <param name="iv">16 bytes.</param>
    /// <param name="data">A multiple of 16 bytes.</param>
    /// <exception cref="ArgumentException">A length is none of these.</exception>
    public static void Encrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data) => Run(key, iv, data, encrypt: true, AesPaths.Best);

    /// <summary>Decrypts what <see cref="Encrypt"/> made.</summary>
    /// <param name="key">32 bytes; stays the caller's.</param>
    /// <param name="iv">16 bytes.</param>
    /// <param name="data">A multiple of 16 bytes.</param>
    /// <exception cref="ArgumentException">A length is none of these.</exception>
    public static void Decrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data) => Run(key, iv, data, encrypt: false, AesPaths.Best);

    internal static void Run(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data, bool encrypt, AesPath path)
    {
        if (key.Length != KeySize || iv.Length != BlockSize || data.Length % BlockSize != 0)
            throw new ArgumentException("a key has 32 bytes, an IV 16, and data are whole blocks");
        Span<byte> schedules = stackalloc byte[2 * AesSchedule.Size];
        var encryption = schedules[..AesSchedule.Size];
        var decryption = schedules[AesSchedule.Size..];
        AesSchedule.Expand(key, encryption);
        AesSchedule.Invert(encryption, decryption, Rounds);
        var keys = encrypt ? encryption : decryption;
        switch (path)
        {
            case AesPath.AesNi:
                Chain<X86Encryption, X86Decryption>(keys, iv, data, encrypt);
                break;
            case AesPath.Armv8:
                Chain<ArmEncryption, ArmDecryption>(keys, iv, data, encrypt);
                break;
            default:
                Chain<BitslicedEncryption, BitslicedDecryption>(keys, iv, data, encrypt);
                break;
        }
        CryptographicOperations.ZeroMemory(schedules);
    }

    /// <summary>One block at a time, of the eight that a core takes: there are few, and no hurry.</summary>
    private static void Chain<TEncryption, TDecryption>(ReadOnlySpan<byte> keys, ReadOnlySpan<byte> iv, Span<byte> data, bool encrypt)
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
                AesRounds.Run<TEncryption>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in first, Rounds);
            else
                AesRounds.Run<TDecryption>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in first, Rounds);
            value = encrypt ? b0 : b0 ^ chained;
            chained = encrypt ? b0 : given;
        }
    }
}
