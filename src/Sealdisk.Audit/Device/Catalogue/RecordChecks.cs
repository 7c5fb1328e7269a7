using Sealdisk.Volumes.Records;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>The records of volumes.</summary>
internal static class RecordChecks
{
    internal static IReadOnlyList<Check> All => [RecordCopies, FirstBootDone];

    private static Check RecordCopies { get; } = new(system => system.OfEachVolume(JudgeCopies))
    {
        Id = "record-copies",
        Group = CheckGroup.Volumes,
        Severity = Severity.Medium,
        Title = "Both copies of the record are good",
        Attack = "With only one copy left, one more bad sector loses the volume for good: the record holds the only sealed key.",
        Remedy = "'sealdisk up' repairs it from the good copy. Check the medium.",
        Reads = "Both copies, as docs/record-format.md describes them.",
        Reference = "docs/record-format.md",
    };

    private static Check FirstBootDone { get; } = new(system => system.OfEachVolume(JudgeFirstBoot))
    {
        Id = "first-boot-done",
        Group = CheckGroup.Volumes,
        Severity = Severity.Info,
        Title = "The volume's first boot is done",
        Attack = "A half-made volume holds no data yet, and its first boot is still to come: under the conditions of that moment.",
        Remedy = "Bring it up under the conditions that you want it sealed under.",
        Reads = "The state in the record.",
        Reference = "docs/design.md",
    };

    private static Verdict JudgeCopies(AuditedVolume volume)
    {
        var seen = volume.RecordEvidence;
        return volume.Record?.Outcome switch
        {
            null => Unknown($"the record cannot be read: {seen.What}", seen),
            RecordOutcome.None => NotApplicable("there is no record yet", seen),
            RecordOutcome.Good { CopiesToRepair.Count: 0 } => Holds("both copies are good", seen),
            RecordOutcome.Good good => Fails(good.Why!, seen),
            RecordOutcome.OtherVersion => Unknown(seen.What, seen),
            _ => Fails(seen.What, seen) with { Severity = Severity.High },
        };
    }

    private static Verdict JudgeFirstBoot(AuditedVolume volume) => volume.Record?.Outcome switch
    {
        RecordOutcome.Good { Record.State: VolumeState.Ready } => Holds("the volume is ready", volume.RecordEvidence),
        RecordOutcome.Good => Fails("the first boot was interrupted", volume.RecordEvidence),
        RecordOutcome.None => Fails("the first boot is still to come", volume.RecordEvidence),
        _ => Unknown("the record cannot be read", volume.RecordEvidence),
    };
}
