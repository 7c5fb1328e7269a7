namespace Sealdisk.Volumes.Keys;

/// <summary>
/// What a seal depends on besides the hardware that made it. All of it is public: fingerprints of public keys, values of PCRs, numbers.
/// Only a TPM's seal depends on anything. The record has one line for each of these (docs/record-format.md).
/// </summary>
public sealed record SealBinding
{
    /// <summary>Nothing but the hardware.</summary>
    public static SealBinding None { get; } = new();

    /// <summary>The storage key under which it was sealed; null if that is not known, as with an adopted key.</summary>
    public TpmParentKey? Parent { get; init; }

    /// <summary>
    /// The TPM's endorsement key, which outlives TPM2_Clear; null if it could not be read because its hierarchy has a password.
    /// </summary>
    public TpmFingerprint? EndorsementKey { get; init; }

    /// <summary>The PCRs that must be what they were; null for none.</summary>
    public PcrValues? Pcrs { get; init; }

    /// <summary>SHA-256 of the public key whose signed PCR policies open it, as 64 hex digits; null for none.</summary>
    public string? PolicyKey { get; init; }

    /// <summary>The PCR that is extended once the volumes are up, so that nothing later in a boot can unseal; null for none.</summary>
    public int? Cap { get; init; }

    /// <summary>The counter that must have that value; null for none.</summary>
    public NvCounter? Counter { get; init; }

    /// <summary>The parent, which all else goes with.</summary>
    public override string ToString() => Parent?.ToString() ?? "nothing but the hardware";
}
