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
