using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Finds the root key that a new key on two levels is to be under.</summary>
internal static class SharedRoots
{
    /// <summary>The first of the configured volumes that has one, sealed by this source; null if none has, or none is there.</summary>
    internal static SharedRoot? Find(VolumeSpec spec, TrustSource? source)
    {
        foreach (var (volume, device, recordFile) in spec.RootVolumes)
        {
            if (FileStatus.TryOf(recordFile ?? device) is not { Kind: FileKind.BlockDevice or FileKind.Regular })
                continue;
            var store = recordFile is null ? RecordStore.Header(device) : RecordStore.Detached(recordFile);
            if (store.Read().Outcome is RecordOutcome.Good { Record: { Key: SealedKey.TwoLevel key } record } && record.Source == source)
                return new SharedRoot(volume, key);
        }
        return null;
    }
}
