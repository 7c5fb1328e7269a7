using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Lifecycle;

/// <summary>
/// What a device must meet before a volume's key is sealed on it: the checks of the device audit that the volume requires, and no others. A
/// check that fails refuses the first boot, and so does one that is unknown, unless no audit can ever confirm it.
/// </summary>
public static class Gate
{
    /// <summary>Refuses if a requirement is not met. Writes nothing.</summary>
    /// <param name="spec">The volume.</param>
    /// <param name="root">The system.</param>
    /// <param name="sealTrialKey">Seals a key that is never used; returns the blob. Called only if one is needed.</param>
    /// <exception cref="SealdiskException">What is not met, with its remedy (exit code 3).</exception>
    internal static void Check(VolumeSpec spec, SystemRoot root, Func<SealedBlob> sealTrialKey)
    {
        var trial = new TrialKey(spec.Name, spec.Source, sealTrialKey);
        foreach (var id in spec.Require)
        {
            var finding = DeviceAudit.BeforeFirstBoot(Checks.Find(id)!, root, trial);
            if (!IsMet(finding))
                throw SealdiskException.Refused(
                    $"cannot seal a key for {spec.Name}: '{id}' is required, but {Doubt(finding.Status)}{finding.Text}",
                    $"nothing was written; {finding.Check.Remedy}");
        }
    }

    private static bool IsMet(Finding finding) => finding.Status switch
    {
        FindingStatus.Holds => true,
        FindingStatus.NotApplicable => !finding.Check.MustApply,
        FindingStatus.Unknown => finding.Check.CannotBeConfirmed,
        _ => false,
    };

    private static string Doubt(FindingStatus status) => status switch
    {
        FindingStatus.Unknown => "is not known to be met: ",
        FindingStatus.NotApplicable => "does not apply here: ",
        _ => "",
    };
}
