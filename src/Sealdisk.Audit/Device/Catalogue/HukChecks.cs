using Sealdisk.Audit.Blobs;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>The hardware unique key that OP-TEE seals with.</summary>
internal static class HukChecks
{
    private const string TeeClass = "/sys/class/tee";

    internal static IReadOnlyList<Check> All => [HukUnknown, HukSource];

    private static Check HukUnknown { get; } = new(JudgeKeys)
    {
        Id = "huk-unknown",
        Group = CheckGroup.Key,
        Severity = Severity.Critical,
        CanBeRequired = true,
        CannotBeConfirmed = true,
        TrialJudge = JudgeTrialKey,
        Title = "No sealed key opens under a HUK that is public knowledge",
        Attack = "OP-TEE seals with a key derived from the chip's hardware unique key (HUK). If the HUK is all zeros, or follows "
            + "from a serial number that anyone can read, a copy of the disk is enough: public software opens the sealed key, "
            + "and all data can be read without the device.",
        Remedy = "Give OP-TEE a real HUK ('huk-source' says how on this chip), then set up the volumes again. Assume that the "
            + "old keys, and the data under them, have been read. Make new keys; sealing the old ones again does not help.",
        Reads = "The sealed key of each volume's own record is tried against known HUKs and, if the chip shows its DNA or UID, "
            + "against the HUKs that follow from those. A correct 128-bit tag proves the HUK. No match proves nothing: the "
            + "result is then unknown, never a pass.",
        Reference = "optee_os core/kernel/otp_stubs.c; docs/huk-sources.md",
    };

    private static Check HukSource { get; } = new(JudgeSource)
    {
        Id = "huk-source",
        Group = CheckGroup.Key,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "OP-TEE has a HUK source on this chip",
        Attack = "On most platforms OP-TEE has no HUK source, or has one only with an option that is off by default. Everything "
            + "then works as usual, but with a HUK of zeros, and OP-TEE reports that only on the secure console.",
        Remedy = "'sealdisk huk families FAMILY' names the option, its default and the fuses to burn. Ask the builder of your "
            + "OP-TEE. 'huk-unknown' shows what a sealed key proves.",
        Reads = "The device tree's compatible strings identify the chip, which is looked up in the catalogue of OP-TEE's "
            + "upstream tree. A chip maker's tree may differ, so an option that is off by default is unknown, not a failure. A "
            + "source that is there holds only if the chip is seen to be closed.",
        Reference = "docs/huk-sources.md",
    };

    private static IEnumerable<Verdict> JudgeKeys(AuditedSystem system)
    {
        if (system.JudgedKeys.Count > 0)
            return system.JudgedKeys.Select(key => OfKey(key.Finding, key.Tried, key.Volume.Spec.Name, key.Volume.RecordEvidence));
        return
        [
            Unknown(
                "there is no sealed key to try; make one with 'sealdisk key new' and give it to 'sealdisk blob audit'",
                system.Volumes.ConfigurationEvidence),
        ];
    }

    private static Verdict JudgeTrialKey(AuditedSystem system, TrialKey trial)
    {
        using var oracle = system.PublicHukOracle();
        var finding = BlobAudit.Of(oracle, trial.Blob.Bytes, system.FamilyThatSealed(trial.Source));
        return OfKey(finding, oracle.Candidates.Count, trial.Volume, new Evidence("trial key", "sealed for this audit only"));
    }

    private static Verdict OfKey(BlobFinding finding, int tried, string volume, Evidence seen)
    {
        var verdict = finding.Verdict switch
        {
            HukVerdict.Known => Fails(
                $"the sealed key opens under a HUK that is public: {finding.Known!.What}", seen, new Evidence("HUK", finding.Known.Id)),
            HukVerdict.NoCandidateMatched => Unknown(
                $"the sealed key opens under none of the {tried} known HUKs; that does not prove that its HUK is secret", seen),
            HukVerdict.ModelDoesNotApply when finding.Kind == BlobKind.OpTee =>
                Unknown($"no HUK can be tried: {finding.Reason}", seen),
            HukVerdict.ModelDoesNotApply => NotApplicable($"{finding.Reason}", seen),
            _ => Unknown($"the sealed key is malformed: {finding.Reason}", seen),
        };
        return verdict with { Volume = volume };
    }

    /// <summary>
    /// Holds only on a chip that is seen to be closed: an open one gives many a HUK source a test key, or nothing, and Linux does not see
    /// which. That the catalogue names a source, or that the HUK is not zeros, is not enough for a pass.
    /// </summary>
    private static Verdict JudgeSource(AuditedSystem system)
    {
        if (system.Platform is { Family: null, IsPc: true })
            return NotApplicable("a PC has no OP-TEE");
        var ofTee = system.JudgedKeys.Where(key => key.Volume.Source == TrustSource.Tee).Select(key => key.Finding.Verdict).ToArray();
        if (ofTee.Length == 0 && system.Root.Exists("/sys/class") && system.Root.List(TeeClass).Count == 0)
            return NotApplicable("there is no TEE", new Evidence(TeeClass, "empty"));
        Evidence[] chip = system.Platform.Evidence is { } seen ? [seen] : [];
        if (system.Platform.Family is not { } family)
            return Unknown("the chip is not in the catalogue of HUK sources", chip);
        if (ofTee.Contains(HukVerdict.Known))
            return Fails($"this OP-TEE has no secret HUK on {family.Name}: see huk-unknown", chip);
        if (family.Weakness is { } weakness)
            return Fails($"{family.Name} {weakness}", chip);
        if (WhyThereIsOne(family, ofTee) is { } reason)
            return OnClosedChipOnly(system, family, reason, chip);
        return Unknown(WhyThereMayBeNone(family), chip);
    }

    private static string? WhyThereIsOne(HukFamily family, HukVerdict[] ofTee)
    {
        if (family.Default == HukDefault.Hardware)
            return $"upstream OP-TEE takes the HUK of {family.Name} from its hardware; this OP-TEE may differ";
        return ofTee.Contains(HukVerdict.NoCandidateMatched) && family.Default != HukDefault.Public
            ? $"this OP-TEE's HUK is not the zeros that {family.Name} has by default"
            : null;
    }

    private static Verdict OnClosedChipOnly(AuditedSystem system, HukFamily family, string reason, Evidence[] chip)
    {
        var unprovisioned = $"Unprovisioned: {Lower(family.Unprovisioned.Text)}";
        return system.Platform.JudgeLifeCycle(system.Root).Status switch
        {
            FindingStatus.Holds => Holds($"{reason}; the chip is closed", chip),
            FindingStatus.Fails => Unknown($"{reason}; but the chip is open. {unprovisioned}", chip),
            _ => Unknown($"{reason}; it is not known whether the chip is closed. {unprovisioned}", chip),
        };
    }

    private static string WhyThereMayBeNone(HukFamily family) => family.Default switch
    {
        HukDefault.Public => $"unless CFG_VERSAL_HUK_KEY was changed, the HUK of {family.Name} comes from a public development key",
        HukDefault.Off => $"the HUK of {family.Name} is all zeros unless OP-TEE was built with {family.Option.Split(',')[0]}",
        _ => $"upstream OP-TEE has no HUK source for {family.Name}: the HUK is all zeros unless this OP-TEE was changed",
    };

    private static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..].TrimEnd('.');
}
