using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Lifecycle;

/// <summary>
/// What the volumes that come before another one in the same run will have left behind by then, as far as its own plan depends on it. For
/// <c>plan</c> alone: when they are really brought up, looking shows it.
/// </summary>
public sealed class EarlierVolumes
{
    private readonly HashSet<(TrustSource Source, string Volume)> _roots = [];
    private readonly HashSet<uint> _parents = [];

    /// <summary>What will be observed once the earlier plans are done.</summary>
    internal Observed Foresee(VolumeSpec spec, Observed observed)
    {
        var source = observed.Source ?? spec.Source;
        // In the order of the configuration, as looking finds them.
        var root = spec.RootVolumes.FirstOrDefault(
            place => _roots.Contains((source, place.Volume)) || place.Volume == observed.SharedRoot?.Volume);
        return observed with
        {
            RootToCome = root?.Volume,
            ParentToMake = observed.ParentToMake is { } parent && _parents.Contains(parent) ? null : observed.ParentToMake,
        };
    }

    /// <summary>One plan more that the next ones come after.</summary>
    internal void Add(VolumeSpec spec, Observed observed, Plan plan)
    {
        foreach (var step in plan.Steps)
        {
            if (step is Step.MakeTwoLevelKey)
                _roots.Add((observed.Source ?? spec.Source, spec.Name));
            if (step is Step.MakeParent parent)
                _parents.Add(parent.Handle);
        }
    }
}
