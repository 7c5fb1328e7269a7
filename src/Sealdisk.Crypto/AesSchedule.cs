using System.Runtime.InteropServices;

namespace Sealdisk.Crypto;

/// <summary>
/// AES's round keys (FIPS 197) in memory that the caller owns: 16 bytes each, in order of use, room for 15. All cores use the same bytes.
/// </summary>
internal static class AesSchedule
{
    /// <summary>Bytes of memory for the round keys of one direction, for any key size.</summary>
    public const int Size = 15 * 16;

    /// <summary>Rounds for a key of 16, 24 or 32 bytes.</summary>
    public static int Rounds(int keySize) => keySize / 4 + 6;

    /// <summary>Writes the round keys of encryption.</summary>
    public static void Expand(ReadOnlySpan<byte> key, Span<byte> schedule)
    {
        key.CopyTo(schedule);
        var end = 16 * (Rounds(key.Length) + 1);
        byte constant = 1;
        for (var at = key.Length; at < end; at += 4)
        {
            var word = schedule.Slice(at, 4);
            schedule.Slice(at - 4, 4).CopyTo(word);
            if (at % key.Length == 0)
            {
                (word[0], word[1], word[2], word[3]) = (word[1], word[2], word[3], word[0]);
                BitslicedAes.SubstituteWord(word);
                word[0] ^= constant;
                constant = (byte)((constant << 1) ^ (0x1b & -(constant >> 7)));
            }
            else if (key.Length == 32 && at % 32 == 16)
            {
                BitslicedAes.SubstituteWord(word);
            }
            for (var i = 0; i < 4; i++)
                word[i] ^= schedule[at - key.Length + i];
        }
    }

    /// <summary>
    /// Writes the round keys of decryption in the order of the equivalent inverse cipher (FIPS 197, 5.3.5): reversed, and all but the
    /// first and the last with their columns unmixed.
    /// </summary>
    public static void Invert(ReadOnlySpan<byte> encryption, Span<byte> decryption, int rounds)
    {
        var from = MemoryMarshal.Cast<byte, Block>(encryption);
        var to = MemoryMarshal.Cast<byte, Block>(decryption);
        for (var i = 0; i <= rounds; i++)
        {
            var key = from[rounds - i];
            to[i] = i == 0 || i == rounds ? key : BitslicedAes.InverseMixColumns(key);
        }
    }
}
