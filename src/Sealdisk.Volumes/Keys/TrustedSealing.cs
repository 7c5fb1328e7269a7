using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys.Tpm;

namespace Sealdisk.Volumes.Keys;

/// <summary>How the kernel's trust source seals a trusted key, and unseals one: only a TPM has to be told anything.</summary>
/// <param name="Tpm">How a TPM is to; null where another source seals.</param>
/// <param name="LifeCycle">For a key that was sealed: what its record keeps of the TPM.</param>
internal sealed record TrustedSealing(TpmSettings? Tpm, string LifeCycle)
{
    internal static TrustedSealing Plain { get; } = new(null, "");

    /// <param name="spec">The volume whose key it is, or whose root key.</param>
    /// <param name="lifeCycle">As in the record of the key; null for a new key.</param>
    internal static TrustedSealing Of(VolumeSpec spec, string? lifeCycle) =>
        spec.Source is TrustSource.Tpm or TrustSource.Auto ? new TrustedSealing(spec.Tpm, lifeCycle ?? "") : Plain;

    internal TrustedKeyOptions ForNew(string subject) => Tpm is null ? TrustedKeyOptions.None : TpmSealing.ForNew(Tpm, subject);

    internal TrustedKeyOptions ForLoad(string subject) => Tpm is null ? TrustedKeyOptions.None : TpmSealing.ForLoad(Tpm, LifeCycle, subject);
}
