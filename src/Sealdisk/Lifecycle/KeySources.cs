using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Lifecycle;

/// <summary>The trust source of a configured volume, ready to make and open keys.</summary>
internal static class KeySources
{
    /// <summary>The source that the configuration names.</summary>
    /// <exception cref="SealdiskException">The HUK of the soft source cannot be used (2).</exception>
    internal static IKeySource Of(VolumeSpec spec) => Of(spec, spec.Source);

    /// <summary>A source with the settings that the configuration has for it.</summary>
    /// <param name="spec">The volume.</param>
    /// <param name="source">As a record names it, or as it was found behind "auto".</param>
    /// <exception cref="SealdiskException">As above.</exception>
    internal static IKeySource Of(VolumeSpec spec, TrustSource source) => source.IsKernel()
        ? new KernelKeySource(source, spec.Tpm)
        : SoftSource.Open(spec.Huk ?? throw SealdiskException.Usage($"cannot use source soft for {spec.Name}: no huk is configured"));

    /// <summary>The key that a volume is to have.</summary>
    /// <param name="spec">The volume.</param>
    /// <param name="under">On two levels, the volume whose root key it is to be under; null for a new root key.</param>
    internal static KeyRequest RequestFor(VolumeSpec spec, SharedRoot? under) => new(spec.Name, spec.Key, spec.KeySize, SubjectOf(spec))
    {
        Under = under,
        Recovery = spec.Recovery,
    };

    /// <summary>What messages call a volume's key.</summary>
    internal static string SubjectOf(VolumeSpec spec) => $"the key of {spec.Name}";
}
