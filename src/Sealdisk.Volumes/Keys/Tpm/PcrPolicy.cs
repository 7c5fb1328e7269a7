using System.Buffers.Binary;
using Sealdisk.Crypto;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// The policy "these PCRs have these values", and the object's password if it has one, as a TPM computes it (TPM 2.0 Library, part 3,
/// 23.7 and 23.17).
/// </summary>
internal static class PcrPolicy
{
    internal const uint PolicyPcrCode = 0x17f;
    internal const uint PolicyAuthValueCode = 0x16b; // PolicyPassword extends with it too
    private const int SelectSize = 3;

    /// <summary>The policy's digest, which a sealed object carries.</summary>
    /// <param name="bank">sha256 or sha384.</param>
    /// <param name="pcrs">Ascending.</param>
    /// <param name="values">Of the bank's size each.</param>
    /// <param name="withPassword">The object has one.</param>
    internal static byte[] Digest(string bank, IReadOnlyList<int> pcrs, IReadOnlyList<byte[]> values, bool withPassword)
    {
        var valuesDigest = Hash([.. values.SelectMany(value => value)]);
        var digest = Hash([.. new byte[Sha256.Size], .. Code(PolicyPcrCode), .. Selection(bank, pcrs), .. valuesDigest]);
        return withPassword ? Hash([.. digest, .. Code(PolicyAuthValueCode)]) : digest;
    }

    /// <summary>TPML_PCR_SELECTION of PCRs 0 to 23 in a bank.</summary>
    internal static byte[] Selection(string bank, IReadOnlyList<int> pcrs)
    {
        var selection = new byte[4 + 2 + 1 + SelectSize];
        selection[3] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(selection.AsSpan(4), AlgorithmOf(bank));
        selection[6] = SelectSize;
        foreach (var pcr in pcrs)
            selection[7 + pcr / 8] |= (byte)(1 << (pcr % 8));
        return selection;
    }

    /// <summary>Bytes of a bank's values.</summary>
    internal static int SizeOf(string bank) => bank == PcrValues.DefaultBank ? 32 : 48;

    private static ushort AlgorithmOf(string bank) => bank == PcrValues.DefaultBank ? TpmPublic.Sha256Algorithm : (ushort)0x000c;

    private static byte[] Code(uint code)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, code);
        return bytes;
    }

    private static byte[] Hash(byte[] message)
    {
        var digest = new byte[Sha256.Size];
        Sha256.Hash(message, digest);
        return digest;
    }
}
