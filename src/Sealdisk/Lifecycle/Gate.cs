using Sealdisk.Audit.Device;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Lifecycle;

/// <summary>
/// What a device must meet before a volume's key is sealed on it: checks of the device audit, by their ids. A check that fails refuses the first boot,
/// and so does one that could not be found out, except of huk-unknown, which no audit can ever confirm.
/// </summary>
public static class Gate
{
    private const string HukUnknown = "huk-unknown", CaamKey = "caam-key", DcpKey = "dcp-key";

    /// <summary>What a chain of trust begins with. Whoever requires one of these counts on it: a machine that has no such thing does not meet it.</summary>
    private static readonly string[] Anchors = ["closed", "uefi-secure-boot"];

    /// <summary>Refuses where a requirement is not met. Writes nothing.</summary>
    /// <param name="spec">The volume.</param>
    /// <param name="root">The system.</param>
    /// <param name="sealTrialKey">Seals a key that nobody will use; returns the blob. Called only where a requirement is about such keys.</param>
    /// <exception cref="SealdiskException">What is not met, with its remedy (exit code 3).</exception>
    internal static void Check(VolumeSpec spec, SystemRoot root, Func<SealedBlob> sealTrialKey)
    {
        var findings = DeviceAudit.Run(root, "/dev/null", Baseline.None, DateOnly.MinValue).Findings;
        foreach (var id in spec.Require)
        {
            var finding = id switch
            {
                HukUnknown => OfTrialKey(spec, root, sealTrialKey()),
                CaamKey or DcpKey => OfTrialSeal(id, spec, root, sealTrialKey) ?? findings.First(finding => finding.Check.Id == id),
                _ => findings.First(finding => finding.Check.Id == id),
            };
            var isMet = finding.Status switch
            {
                FindingStatus.Holds => true,
                FindingStatus.NotApplicable => !Anchors.Contains(id, StringComparer.Ordinal),
                FindingStatus.Unknown => id == HukUnknown,
                _ => false,
            };
            if (!isMet)
                throw SealdiskException.Refused(
                    $"cannot seal a key for {spec.Name}: '{id}' is required, and {Doubt(finding.Status)}{finding.Text}",
                    $"nothing was written; {finding.Check.Remedy}");
        }
    }

    private static string Doubt(FindingStatus status) => status switch
    {
        FindingStatus.Unknown => "is not known to be met: ",
        FindingStatus.NotApplicable => "means nothing here: ",
        _ => "",
    };

    /// <summary>What CAAM and DCP seal with shows only when they seal. Null where neither of them does here.</summary>
    private static Finding? OfTrialSeal(string id, VolumeSpec spec, SystemRoot root, Func<SealedBlob> sealTrialKey)
    {
        if (spec.Source is not (TrustSource.Caam or TrustSource.Dcp or TrustSource.Auto))
            return null;
        var kind = BlobDescription.Of(sealTrialKey().Bytes).Kind;
        const string Used = "a key was sealed for a try";
        if (id == CaamKey && (spec.Source == TrustSource.Caam || kind == BlobKind.Caam))
            return KeyChecks.Caam(root.KernelMessages(), Used, isCovered: true);
        return id == DcpKey && (spec.Source == TrustSource.Dcp || kind == BlobKind.Dcp) ? KeyChecks.Dcp(root, CommandLine.Of(root), root.KernelMessages(), Used) : null;
    }

    private static Finding OfTrialKey(VolumeSpec spec, SystemRoot root, SealedBlob sealedKey)
    {
        using var oracle = new HukOracle();
        var platform = Platform.Of(root);
        PublicHuks.AddConstants(oracle);
        PublicHuks.AddChip(oracle, platform.Facts(root));
        var family = spec.Source == TrustSource.Soft ? null : platform.Family;
        return KeyChecks.Huk(oracle, sealedKey.Bytes, family, spec.Name, new Evidence("trial key", "sealed for this audit only")).Finding;
    }
}
