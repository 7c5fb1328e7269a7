using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Sizes that must fit each other. Bytes, unless a name says sectors (of 512 bytes).</summary>
internal static class Geometry
{
    /// <summary>The smallest space for data worth a filesystem.</summary>
    private const long LeastData = 256 * 1024;

    /// <summary>Where the data of a volume begin: after its header, if it has one.</summary>
    internal static Sectors DataOffset(VolumeSpec spec) => spec.RecordFile is null ? RecordStore.HeaderSectors : Sectors.Zero;

    /// <summary>The data on a device of that size: all that follows the header, in whole encryption sectors.</summary>
    internal static Sectors DataLength(VolumeSpec spec, long deviceSize, int sectorSize) =>
        Sectors.FromBytes(new ByteCount((deviceSize - DataOffset(spec).Bytes.Count) / sectorSize * sectorSize));

    /// <summary>Why a first boot cannot be on a device of this size, or null.</summary>
    internal static string? Problem(VolumeSpec spec, long deviceSize)
    {
        var header = DataOffset(spec).Bytes;
        if (deviceSize - header.Count >= LeastData)
            return null;
        var taken = header > ByteCount.Zero ? $"the header record takes {header}, and " : "";
        return $"{spec.Device} has {deviceSize} bytes; {taken}at least {LeastData} are needed for data";
    }

    /// <summary>Why the recorded data do not fit on the device any more, or null. A device that has grown is no reason to stop.</summary>
    internal static string? Truncation(VolumeSpec spec, VolumeRecord record, long deviceSize)
    {
        var needed = (UInt128)record.Format.End.Count * Sectors.Size;
        return (UInt128)deviceSize < needed
            ? $"{spec.Device} has {deviceSize} bytes, but its record describes data up to byte {needed}: it was truncated"
            : null;
    }
}
