using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// AES for any CPU: bitsliced, eight blocks at once, no table and no branch on data, hence constant-time. It is the fallback
/// where the CPU has no AES instructions (a Raspberry Pi 4, say), the reference that the fast cores are tested against, and
/// what every core's key schedule uses.
/// </summary>
internal readonly struct BitslicedAes : IAesCore
{
    public static void Encrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds)
    {
        var constant = Vector128.Create((byte)0x63);
        var p = Load(b0, b1, b2, b3, b4, b5, b6, b7);
        p.Transpose();
        p.AddRoundKey(Vector128.LoadUnsafe(in keys));
        for (var round = 1; ; round++)
        {
            BitslicedSubstitution.Forward(ref p);
            p.ShiftRows();
            if (round < rounds)
                p.MixColumns();
            p.AddRoundKey(Vector128.LoadUnsafe(in keys, 16 * (nuint)round) ^ constant);
            if (round == rounds)
                break;
        }
        p.Transpose();
        (b0, b1, b2, b3, b4, b5, b6, b7) = (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7);
    }

    public static void Decrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds)
    {
        var constant = Vector128.Create((byte)0x63);
        var p = Load(b0, b1, b2, b3, b4, b5, b6, b7);
        p.Transpose();
        p.AddRoundKey(Vector128.LoadUnsafe(in keys) ^ constant);
        for (var round = 1; ; round++)
        {
            BitslicedSubstitution.Inverse(ref p);
            p.InverseShiftRows();
            if (round == rounds)
                break;
            p.InverseMixColumns();
            p.AddRoundKey(Vector128.LoadUnsafe(in keys, 16 * (nuint)round) ^ constant);
        }
        p.AddRoundKey(Vector128.LoadUnsafe(in keys, 16 * (nuint)rounds));
        p.Transpose();
        (b0, b1, b2, b3, b4, b5, b6, b7) = (p.P0, p.P1, p.P2, p.P3, p.P4, p.P5, p.P6, p.P7);
    }

    /// <summary>The S-box of four bytes, for the key schedule; leaves no copy behind.</summary>
    public static void SubstituteWord(Span<byte> word)
    {
        Planes p = default;
        p.P0 = Vector128.CreateScalar(MemoryMarshal.Read<uint>(word)).AsByte();
        p.Transpose();
        BitslicedSubstitution.Forward(ref p);
        p.Transpose();
        MemoryMarshal.Write(word, (p.P0 ^ Vector128.Create((byte)0x63)).AsUInt32().ToScalar());
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Planes>(ref p)));
    }

    /// <summary>The inverse of the column mixing on one round key, for the key schedule of decryption; leaves no copy behind.</summary>
    public static Block InverseMixColumns(Block key)
    {
        Planes p = default;
        p.P0 = key;
        p.Transpose();
        p.InverseMixColumns();
        p.Transpose();
        key = p.P0;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Planes>(ref p)));
        return key;
    }

    private static Planes Load(Block b0, Block b1, Block b2, Block b3, Block b4, Block b5, Block b6, Block b7) =>
        new() { P0 = b0, P1 = b1, P2 = b2, P3 = b3, P4 = b4, P5 = b5, P6 = b6, P7 = b7 };
}
