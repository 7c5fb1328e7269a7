using Sealdisk.Volumes.Keys;

namespace Sealdisk.Audit.Device;

/// <summary>
/// A key that is sealed before a volume's first boot and then thrown away: some hardware shows what it seals with only when it seals. It is
/// sealed when a check first asks for it, so the kernel's log must be read after that.
/// </summary>
/// <param name="volume">The volume's name.</param>
/// <param name="source">What seals its key, as configured.</param>
/// <param name="seal">Seals; returns the blob.</param>
public sealed class TrialKey(string volume, TrustSource source, Func<SealedBlob> seal)
{
    private SealedBlob? _blob;

    internal string Volume => volume;

    internal TrustSource Source => source;

    internal SealedBlob Blob => _blob ??= seal();
}
