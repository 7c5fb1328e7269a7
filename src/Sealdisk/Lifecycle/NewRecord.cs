using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>The first record of a volume, from its configuration and the device it is on.</summary>
internal static class NewRecord
{
    /// <summary>State 'ready' without a filesystem UUID: the caller says which of the two is to come.</summary>
    internal static VolumeRecord Of(VolumeSpec spec, Observed observed, SealedKey key)
    {
        var source = observed.Source ?? spec.Source;
        var chip = ChipLifeCycle.Of(source);
        return new VolumeRecord
        {
            Name = spec.Name,
            Uuid = Guid.NewGuid(),
            Generation = 1,
            State = VolumeState.Ready,
            Source = source,
            Key = key,
            Format = FormatOf(spec, observed),
            Filesystem = spec.Filesystem.Name,
            FilesystemUuid = null,
            Chip = chip.State,
            LifeCycle = chip.Words,
            CreatedBy = $"sealdisk {ProductVersion.Text}",
        };
    }

    private static SectorFormat FormatOf(VolumeSpec spec, Observed observed)
    {
        var sectorSize = Planner.SectorSizeOf(spec, observed);
        return new SectorFormat
        {
            Cipher = spec.Cipher,
            KeySize = spec.KeySize,
            Layout = new SectorLayout(sectorSize, spec.IvLargeSectors && sectorSize > 512, IvOffset: 0),
            Offset = Geometry.DataOffset(spec),
            Length = Geometry.DataLength(spec, observed.DeviceSize!.Value, sectorSize),
        };
    }
}
