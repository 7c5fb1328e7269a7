using System.Buffers.Binary;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// What the TCG has standardised primary keys to be made from (TPMT_PUBLIC). The same seed and template make the same key on any day.
/// </summary>
internal static class TpmTemplates
{
    // TPMA_OBJECT: fixedTPM, fixedParent, sensitiveDataOrigin, then userWithAuth and noDA or adminWithPolicy, restricted, decrypt.
    private const uint StorageAttributes = 0x00030472, EndorsementAttributes = 0x000300b2;

    /// <summary>The storage root key with an elliptic curve: TCG TPM v2.0 Provisioning Guidance, 7.5.1, as systemd makes it too.</summary>
    internal static byte[] StorageKey { get; } = EccP256(StorageAttributes, []);

    /// <summary>
    /// The endorsement key with an elliptic curve: TCG EK Credential Profile, template L-2. Its seed outlives TPM2_Clear, so it tells one
    /// TPM from another.
    /// </summary>
    internal static byte[] EndorsementKey { get; } = EccP256(
        EndorsementAttributes, Convert.FromHexString("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa"));

    /// <summary>
    /// Sealed data with the attributes that the kernel gives to a trusted key with migratable=0: fixedTPM, fixedParent, and without a
    /// policy userWithAuth (security/keys/trusted-keys/trusted_tpm2.c).
    /// </summary>
    /// <param name="hash">Name algorithm, in the kernel's words; null for sha256.</param>
    /// <param name="policy">The digest of its policy; empty for none.</param>
    internal static byte[] SealedData(string? hash, ReadOnlySpan<byte> policy)
    {
        const uint Fixed = 0x12, UserWithAuth = 0x40;
        const ushort Sha1 = 0x0004;
        return new TpmCommand("template", 0, null)
            .U16(TpmPublic.KeyedHash).U16(hash == "sha1" ? Sha1 : TpmPublic.Sha256Algorithm)
            .U32(policy.IsEmpty ? Fixed | UserWithAuth : Fixed).Sized(policy)
            .U16(TpmPublic.NoAlgorithm).U16(0)
            .Parameters.ToArray();
    }

    /// <summary>TPMS_SENSITIVE_CREATE: the password, and the data that are to be sealed.</summary>
    /// <param name="data">Stays the caller's.</param>
    /// <param name="auth">The password, or null; stays the caller's.</param>
    internal static SecretBuffer Sensitive(SecretBuffer data, SecretBuffer? auth)
    {
        var authSize = auth?.Length ?? 0;
        var sensitive = SecretBuffer.Allocate(2 + authSize + 2 + data.Length);
        var bytes = sensitive.Memory.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)authSize);
        auth?.Memory.Span.CopyTo(bytes[2..]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[(2 + authSize)..], (ushort)data.Length);
        data.Memory.Span.CopyTo(bytes[(4 + authSize)..]);
        return sensitive;
    }

    private static byte[] EccP256(uint attributes, byte[] policy)
    {
        const ushort Ecc = 0x0023, Sha256 = 0x000b, Aes = 0x0006, Cfb = 0x0043, Null = 0x0010, NistP256 = 0x0003;
        var zeros = new byte[32];
        // Built with the same words as a command, whose header of 10 bytes is dropped.
        return new TpmCommand("template", 0, null)
            .U16(Ecc).U16(Sha256).U32(attributes).Sized(policy)
            .U16(Aes).U16(128).U16(Cfb).U16(Null).U16(NistP256).U16(Null)
            .Sized(zeros).Sized(zeros)
            .Finish()[10..];
    }
}
