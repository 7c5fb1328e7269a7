using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Another volume of this device whose key is on two levels already: a new volume gets its own key under the same root key. Each record carries the sealed root
/// key for itself, so no volume needs another one, or any file, to be opened.
/// </summary>
/// <param name="Volume">The other volume's name.</param>
/// <param name="RootKey">Its sealed root key, as hex text.</param>
/// <param name="SealedKey">Its own key under that, which names the root key.</param>
/// <param name="LifeCycle">What its record keeps of the chip, and of a TPM that sealed the root key.</param>
public sealed record SharedRoot(string Volume, string RootKey, string SealedKey, string LifeCycle)
{
    /// <summary>The first of the configured volumes that has one, sealed by this source; null where none has, or none is there.</summary>
    internal static SharedRoot? Find(VolumeSpec spec, TrustSource? source)
    {
        foreach (var (volume, device, recordFile) in spec.RootVolumes)
        {
            if (FileStatus.TryOf(recordFile ?? device) is not { Kind: FileKind.BlockDevice or FileKind.Regular })
                continue;
            var store = recordFile is null ? RecordStore.Header(device) : RecordStore.Detached(recordFile);
            if (store.Read().Outcome is RecordOutcome.Good { Record: { RootKey: { } root } record } && record.Source == source)
                return new SharedRoot(volume, root, record.SealedKey, record.LifeCycle);
        }
        return null;
    }
}
