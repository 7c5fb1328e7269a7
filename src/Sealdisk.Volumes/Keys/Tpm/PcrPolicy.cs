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
    private const uint PolicyAuthValueCode = 0x16b; // PolicyPassword extends with it too
    private const ushort Sha256Bank = 0x000b;
    private const int SelectSize = 3;

    /// <summary>The policy's digest, which a sealed object carries.</summary>
    /// <param name="pcrs">Ascending.</param>
    /// <param name="values">32 bytes each.</param>
    /// <param name="withPassword">The object has one.</param>
    internal static byte[] Digest(IReadOnlyList<int> pcrs, IReadOnlyList<byte[]> values, bool withPassword)
    {
        var valuesDigest = Hash([.. values.SelectMany(value => value)]);
        var digest = Hash([.. new byte[Sha256.Size], .. Code(PolicyPcrCode), .. Selection(pcrs), .. valuesDigest]);
        return withPassword ? Hash([.. digest, .. Code(PolicyAuthValueCode)]) : digest;
    }

    /// <summary>TPML_PCR_SELECTION of PCRs 0 to 23 in the SHA-256 bank.</summary>
    internal static byte[] Selection(IReadOnlyList<int> pcrs)
    {
        var selection = new byte[4 + 2 + 1 + SelectSize];
        selection[3] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(selection.AsSpan(4), Sha256Bank);
        selection[6] = SelectSize;
        foreach (var pcr in pcrs)
            selection[7 + pcr / 8] |= (byte)(1 << (pcr % 8));
        return selection;
    }

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
