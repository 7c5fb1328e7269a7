using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// AES for any CPU: bitsliced, eight blocks at once, without tables and without branches on data, so constant-time. It is the fallback
/// for CPUs without AES instructions (such as a Raspberry Pi 4), the reference that the fast cores are tested against, and the base of
/// every core's key schedule.
/// </summary>
internal static class BitslicedAes
{
    /// <summary>The constant that the S-box adds to each byte; <see cref="BitslicedSubstitution"/> leaves that to the round keys.</summary>
    public static Block SubstitutionConstant => Vector128.Create((byte)0x63);

    /// <summary>The S-box of four bytes, for the key schedule; leaves no copy behind.</summary>
    public static void SubstituteWord(Span<byte> word)
    {
        BitPlanes p = default;
        p.P0 = Vector128.CreateScalar(MemoryMarshal.Read<uint>(word)).AsByte();
        p.Transpose();
        BitslicedSubstitution.Forward(ref p);
        p.Transpose();
        MemoryMarshal.Write(word, (p.P0 ^ SubstitutionConstant).AsUInt32().ToScalar());
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<BitPlanes>(ref p)));
    }

    /// <summary>The inverse of the column mixing on one round key, for the key schedule of decryption; leaves no copy behind.</summary>
    public static Block InverseMixColumns(Block key)
    {
        BitPlanes p = default;
        p.P0 = key;
        p.Transpose();
        p.InverseMixColumns();
        p.Transpose();
        key = p.P0;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<BitPlanes>(ref p)));
        return key;
    }
}
