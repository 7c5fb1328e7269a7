using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>The first record of a volume, from its configuration and the device it is on.</summary>
internal static class NewRecord
{
    /// <summary>State 'ready' without a filesystem UUID: the caller says which of the two is to come.</summary>
    internal static VolumeRecord Of(VolumeSpec spec, Observed observed, NewKey key)
    {
        var sectorSize = Planner.SectorSizeOf(spec, observed);
        return new VolumeRecord
        {
            Uuid = Guid.NewGuid(),
            Generation = 1,
            State = VolumeState.Ready,
            Source = observed.Source ?? spec.Source,
            SealedKey = key.SealedKey,
            RootKey = key.RootKey,
            Recovery = key.Recovery,
            Cipher = spec.Cipher.Text,
            KeySize = spec.KeySize,
            SectorSize = sectorSize,
            IvLargeSectors = spec.IvLargeSectors && sectorSize > 512,
            IvOffset = 0,
            DataOffset = spec.RecordFile is null ? Planner.HeaderSectors : 0,
            DataLength = Geometry.DataSectors(spec, observed.DeviceSize!.Value, sectorSize),
            Filesystem = spec.Filesystem,
            FilesystemUuid = null,
            LifeCycle = ChipLifeCycle.Of(observed.Source ?? spec.Source, spec.Tpm),
            CreatedBy = $"sealdisk {ProductVersion.Text}",
        };
    }
}
