using Sealdisk.Volumes.Keys;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>The sealed keys of volumes.</summary>
internal static class VolumeKeyChecks
{
    internal static IReadOnlyList<Check> All => [HardwareSource, KeyUnique, SealedClosed];

    private static Check HardwareSource { get; } = new(system => system.OfEachVolume(JudgeSource))
    {
        Id = "hardware-source",
        Group = CheckGroup.Volumes,
        Severity = Severity.High,
        Title = "The volume's key is sealed by hardware",
        Attack = "With the soft source the key is as safe as the file with its HUK: anyone who has that file and the disk has "
            + "the data. On the same disk it protects nothing against a thief.",
        Remedy = "Use tee, tpm, caam or dcp if the device has one. Keep the soft source for hosts, tests and recovery.",
        Reads = "The volume's record, or its configuration before the first boot.",
        Reference = "docs/threat-model.md",
    };

    private static Check KeyUnique { get; } = new(JudgeUnique)
    {
        Id = "key-unique",
        Group = CheckGroup.Volumes,
        Severity = Severity.High,
        Title = "No two volumes share a sealed key",
        Attack = "With one key and the same IVs, equal sectors of two volumes have equal ciphertext, and sectors of one volume "
            + "can be put into the other. A thief who gets one key opens both.",
        Remedy = "Give each volume a key of its own. Set up a volume that was copied bit for bit again.",
        Reads = "The sealed keys of all records that can be read. Two different blobs may still hold the same key, which no "
            + "audit can see.",
        Reference = "docs/sealing.md",
    };

    private static Check SealedClosed { get; } = new(system => system.OfEachVolume(JudgeSealed))
    {
        Id = "sealed-closed",
        Group = CheckGroup.Volumes,
        Severity = Severity.High,
        Title = "The key was sealed when the chip was already closed",
        Attack = "Unsigned code on an open device may have made or read the key, or sealed it under another HUK. On many chips "
            + "such a key no longer even opens.",
        Remedy = "Close the device first, then let the first boot make the volume.",
        Reads = "The life cycle in the volume's record, as it was when the key was sealed.",
        Reference = "docs/record-format.md",
    };

    private static Verdict JudgeSource(AuditedVolume volume) => volume.Source switch
    {
        TrustSource.Soft => Fails("the key is sealed by software: it is as safe as the file with its HUK", volume.RecordEvidence),
        TrustSource.Auto => Unknown("the first boot decides which source seals the key", volume.RecordEvidence),
        var source => Holds($"the key is sealed by {source.Text()}", volume.RecordEvidence),
    };

    private static IEnumerable<Verdict> JudgeUnique(AuditedSystem system)
    {
        var keys = system.Volumes.All.Where(volume => volume.GoodRecord is not null)
            .GroupBy(volume => volume.GoodRecord!.Key.Text, StringComparer.Ordinal).ToArray();
        var shared = keys.Where(volumes => volumes.Count() > 1).ToArray();
        if (shared.Length > 0)
            return shared.Select(volumes => OfShared([.. volumes]));
        if (keys.Length < 2)
            return [NotApplicable("there are no two records to compare")];
        var seen = keys.Select(volumes => volumes.First().RecordEvidence);
        return [Holds($"{keys.Length} volumes have {keys.Length} different sealed keys", [.. seen])];
    }

    private static Verdict OfShared(AuditedVolume[] volumes)
    {
        var names = string.Join(" and ", volumes.Select(volume => volume.Spec.Name));
        var haveSameIvs = volumes.Select(volume => volume.GoodRecord!.Format.IvOffset).Distinct().Count() == 1;
        var text = $"{names} have the same sealed key{(haveSameIvs ? ", and the same IVs" : "")}";
        return Fails(text, [.. volumes.Select(volume => volume.RecordEvidence)]);
    }

    private static Verdict JudgeSealed(AuditedVolume volume)
    {
        if (volume.Source == TrustSource.Soft)
            return NotApplicable("a software key has no life cycle", volume.RecordEvidence);
        if (volume.GoodRecord is not { } record)
            return Unknown("there is no record yet", volume.RecordEvidence);
        var seen = volume.RecordEvidence with { What = $"life cycle: {record.LifeCycle}" };
        return record.Chip switch
        {
            ChipState.Closed => Holds("the chip was closed when the key was sealed", seen),
            ChipState.Open => Fails("the chip was open when the key was sealed", seen),
            _ => Unknown("the record does not say what the chip's life cycle was when the key was sealed", seen),
        };
    }
}
