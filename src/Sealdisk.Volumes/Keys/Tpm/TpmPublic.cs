using Sealdisk.Crypto;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>The public part of an object in a TPM (TPMT_PUBLIC), as far as it matters for a parent.</summary>
/// <param name="Type">ECC 0x0023, RSA 0x0001, ...</param>
/// <param name="NameAlgorithm">SHA-256 0x000b, ...</param>
/// <param name="Attributes">TPMA_OBJECT.</param>
/// <param name="Fingerprint">The first 16 bytes of the SHA-256 of the whole, as hex text: it is another for another key.</param>
internal sealed record TpmPublic(ushort Type, ushort NameAlgorithm, uint Attributes, string Fingerprint)
{
    internal const ushort Rsa = 0x0001, Ecc = 0x0023, KeyedHash = 0x0008, Sha256Algorithm = 0x000b, NoAlgorithm = 0x0010;

    private const uint FixedTpm = 1 << 1, UserWithAuth = 1 << 6, Restricted = 1 << 16, Decrypt = 1 << 17, Sign = 1 << 18;
    private const int FingerprintSize = 16;
    private const uint UsualExponent = 65537; // what 0 stands for

    /// <summary>A storage key under which others are sealed, which an empty password may use, and which never leaves its TPM.</summary>
    internal bool IsParent =>
        (Attributes & (FixedTpm | UserWithAuth | Restricted | Decrypt | Sign)) == (FixedTpm | UserWithAuth | Restricted | Decrypt);

    /// <summary>What sessions call it: the name algorithm and the digest of the whole. Only of a name algorithm SHA-256.</summary>
    internal byte[] ObjectName { get; private init; } = [];

    /// <summary>Of an RSA key: the modulus; else null.</summary>
    internal byte[]? Modulus { get; private init; }

    /// <summary>Of an RSA key: the public exponent.</summary>
    internal uint Exponent { get; private init; }

    /// <summary>Of a key with an elliptic curve: TPM_ECC_CURVE.</summary>
    internal ushort Curve { get; private init; }

    /// <summary>Of a key with an elliptic curve: the point's coordinates, without zeros before them or with; else null.</summary>
    internal (byte[] X, byte[] Y)? Point { get; private init; }

    /// <summary>Reads one; null if it is not one.</summary>
    internal static TpmPublic? Read(ReadOnlySpan<byte> area)
    {
        var reader = new BlobKindReader(area);
        if (!reader.TryTakeU16(out var type)
            || !reader.TryTakeU16(out var nameAlgorithm)
            || !reader.TryTakeU32(out var attributes)
            || !reader.TryTakeSized16(out _)
            || reader.Rest.IsEmpty)
            return null;
        Span<byte> digest = stackalloc byte[Sha256.Size];
        Sha256.Hash(area, digest);
        var read = new TpmPublic(type, nameAlgorithm, attributes, BlobText.Write(digest[..FingerprintSize]))
        {
            ObjectName = [0, (byte)Sha256Algorithm, .. digest],
        };
        return type switch
        {
            Rsa => read.WithRsa(reader),
            Ecc => read.WithPoint(reader),
            _ => read,
        };
    }

    /// <summary>Without modulus if the rest is something else.</summary>
    private TpmPublic WithRsa(BlobKindReader reader) =>
        TrySkipSymmetric(ref reader)
        && TrySkipScheme(ref reader)
        && reader.TryTakeU16(out _)
        && reader.TryTakeU32(out var exponent)
        && reader.TryTakeSized16(out var modulus)
        && reader.Rest.IsEmpty
            ? this with { Modulus = modulus.ToArray(), Exponent = exponent == 0 ? UsualExponent : exponent }
            : this;

    private TpmPublic WithPoint(BlobKindReader reader) =>
        TrySkipSymmetric(ref reader)
        && TrySkipScheme(ref reader)
        && reader.TryTakeU16(out var curve)
        && TrySkipScheme(ref reader)
        && reader.TryTakeSized16(out var x)
        && reader.TryTakeSized16(out var y)
        && reader.Rest.IsEmpty
            ? this with { Curve = curve, Point = (x.ToArray(), y.ToArray()) }
            : this;

    /// <summary>TPMT_SYM_DEF_OBJECT: an algorithm. Key bits and mode follow unless the algorithm is none.</summary>
    private static bool TrySkipSymmetric(ref BlobKindReader reader) =>
        reader.TryTakeU16(out var algorithm) && (algorithm == NoAlgorithm || reader.TryTake(4, out _));

    /// <summary>A scheme that a storage key has: none.</summary>
    private static bool TrySkipScheme(ref BlobKindReader reader) => reader.TryTakeU16(out var scheme) && scheme == NoAlgorithm;
}
