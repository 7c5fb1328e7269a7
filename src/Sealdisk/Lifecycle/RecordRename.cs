using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Gives a volume's record the name that the volume now has in the configuration. Its data are not touched.</summary>
public static class RecordRename
{
    /// <summary>
    /// Writes both copies with the new name, once it is proven that the record's key opens here and its filesystem is there. A power cut
    /// in between leaves the old record or the new one.
    /// </summary>
    /// <param name="spec">The volume under its new name; it must be down.</param>
    /// <param name="oldName">The name that its record has.</param>
    /// <returns>What was verified, for people; null if the record has the new name already.</returns>
    /// <exception cref="SealdiskException">Nothing was changed: the volume is in use (1), its record has yet another name or does not
    /// agree with the configuration (3), or its key does not open here (4).</exception>
    public static string? Run(VolumeSpec spec, string oldName)
    {
        var act = $"rename {oldName} to {spec.Name}";
        Capabilities.RequireMounting(act);
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        var observed = Observer.Look(spec);
        VolumeRotation.RequireDown(spec, observed, act);
        if (observed.Record.Outcome is not RecordOutcome.Good { Record: var old })
            throw Planner.For(spec, observed).Refusal ?? SealdiskException.Failed(
                $"cannot {act}: it has no record", $"sealdisk status {spec.Name}");
        if (old.Name == spec.Name)
            return null;
        if (old.Name != oldName)
            throw SealdiskException.Refused(
                $"cannot {act}: the record is of a volume named {old.Name}", "nothing was changed; is it the device of another volume?");
        var renamed = old with { Name = spec.Name, Generation = old.Generation + 1, CreatedBy = $"sealdisk {ProductVersion.Text}" };
        // With the new name, everything else must agree.
        if (Planner.Disagreement(spec, renamed) is { } disagreement)
            throw SealdiskException.Refused($"cannot {act}: {disagreement}", "nothing was changed; correct the configuration first");
        return VolumeRotation.Commit(spec with { Source = old.Source }, renamed, observed.Kind, act).Proof;
    }
}
