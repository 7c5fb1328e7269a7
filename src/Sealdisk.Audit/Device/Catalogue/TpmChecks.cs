using Sealdisk.Volumes.Keys;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Keys that a TPM sealed.</summary>
internal static class TpmChecks
{
    internal static IReadOnlyList<Check> All => [TpmPolicy];

    private static Check TpmPolicy { get; } = new(JudgePolicies)
    {
        Id = "tpm-policy",
        Group = CheckGroup.Key,
        Severity = Severity.High,
        Title = "A key sealed by a TPM is bound to a policy and to that TPM",
        Attack = "Without a policy the TPM unseals for anything that the machine boots, including a system on a USB stick. "
            + "Without fixedTPM the sealed object may be moved to another TPM.",
        Remedy = "Seal with a policy over PCRs that measure the boot chain (policydigest=), fixed to the TPM and its parent.",
        Reads = "The public part of each TPM 2.0 blob: its policy and attributes. The digest of a policy does not show which "
            + "PCRs it covers.",
        Reference = "linux security/keys/trusted-keys/trusted_tpm2.c; TPM 2.0 library, part 2",
    };

    private static IEnumerable<Verdict> JudgePolicies(AuditedSystem system)
    {
        var volumes = system.Volumes.All.Where(volume => volume.GoodRecord?.Source.IsTpm() == true).ToArray();
        return volumes.Length > 0
            ? volumes.Select(volume => OfBlob(volume.GoodRecord!.Key.Blob) with { Volume = volume.Spec.Name })
            : [NotApplicable("no volume is sealed by a TPM")];
    }

    private static Verdict OfBlob(SealedBlob blob)
    {
        var description = BlobDescription.Of(blob.Bytes);
        string? Detail(string name) => description.Details.FirstOrDefault(detail => detail.Name == name).Value;
        var seen = new Evidence("sealed key", string.Join(", ", description.Details.Select(detail => $"{detail.Name} {detail.Value}")));
        return (Detail("policy"), Detail("fixedTPM")) switch
        {
            (null, _) => Unknown("the sealed key does not show its policy", seen),
            ("none", _) => Fails("the TPM unseals the key without any policy, for anything that was booted", seen),
            (_, "no") => Fails("the sealed key may be moved to another TPM", seen),
            _ => Holds("the key has a policy and is fixed to its TPM; what the policy demands cannot be seen", seen),
        };
    }
}
