using Sealdisk.Crypto;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>The public part of an object in a TPM (TPMT_PUBLIC), as far as it matters for a parent.</summary>
/// <param name="Type">ECC 0x0023, RSA 0x0001, ...</param>
/// <param name="Attributes">TPMA_OBJECT.</param>
/// <param name="Fingerprint">The first 16 bytes of the SHA-256 of the whole, as hex text: it is another for another key.</param>
internal sealed record TpmPublic(ushort Type, uint Attributes, string Fingerprint)
{
    private const uint FixedTpm = 1 << 1, UserWithAuth = 1 << 6, Restricted = 1 << 16, Decrypt = 1 << 17, Sign = 1 << 18;
    private const int FingerprintSize = 16;

    /// <summary>A storage key under which others are sealed, which an empty password may use, and which never leaves its TPM.</summary>
    internal bool IsParent =>
        (Attributes & (FixedTpm | UserWithAuth | Restricted | Decrypt | Sign)) == (FixedTpm | UserWithAuth | Restricted | Decrypt);

    /// <summary>Reads one; null if it is not one.</summary>
    internal static TpmPublic? Read(ReadOnlySpan<byte> area)
    {
        var reader = new BlobKindReader(area);
        if (!reader.TryTakeU16(out var type)
            || !reader.TryTakeU16(out _)
            || !reader.TryTakeU32(out var attributes)
            || !reader.TryTakeSized16(out _)
            || reader.Rest.IsEmpty)
            return null;
        Span<byte> digest = stackalloc byte[Sha256.Size];
        Sha256.Hash(area, digest);
        return new TpmPublic(type, attributes, BlobText.Write(digest[..FingerprintSize]));
    }
}
