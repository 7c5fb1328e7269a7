namespace Sealdisk.Volumes.Keys;

/// <summary>What is true of a trust source whatever the volume: callers ask these, so that a new source is added here.</summary>
public static class TrustSourceFacts
{
    /// <summary>True if the key is a kernel trusted key: never in user space, 32 to 128 bytes. <c>auto</c> is such a source.</summary>
    public static bool IsKernel(this TrustSource source) => source != TrustSource.Soft;

    /// <summary>True if it seals with a HUK that is read from a file, [source.soft].</summary>
    public static bool UsesHukFile(this TrustSource source) => source == TrustSource.Soft;

    /// <summary>True if [source.tpm] applies to it. What <c>auto</c> stands for may be a TPM.</summary>
    public static bool UsesTpmSettings(this TrustSource source) => source is TrustSource.Tpm or TrustSource.Auto;

    /// <summary>True if a TPM seals; <c>auto</c> is not settled yet.</summary>
    public static bool IsTpm(this TrustSource source) => source == TrustSource.Tpm;

    /// <summary>True if it names one source; <c>auto</c> does not.</summary>
    public static bool IsSettled(this TrustSource source) => source != TrustSource.Auto;

    /// <summary>True if a configuration that names this source means the one that was found: the same one, or <c>auto</c>.</summary>
    public static bool Means(this TrustSource configured, TrustSource found) => configured == found || !configured.IsSettled();

    /// <summary>What a system must have for it, for people.</summary>
    public static string Needs(this TrustSource source) => source switch
    {
        TrustSource.Tee => "it needs CONFIG_TRUSTED_KEYS_TEE, OP-TEE, and the trusted-keys TA built in as an early TA",
        TrustSource.Tpm => "it needs CONFIG_TRUSTED_KEYS_TPM and a TPM",
        TrustSource.Caam => "it needs CONFIG_TRUSTED_KEYS_CAAM and NXP's CAAM",
        TrustSource.Dcp => "it needs CONFIG_TRUSTED_KEYS_DCP and NXP's DCP with a device key",
        _ => "it needs CONFIG_TRUSTED_KEYS and a trust source: a TEE, a TPM, CAAM or DCP",
    };
}
