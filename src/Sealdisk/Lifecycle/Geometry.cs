using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Sizes that must fit each other. Bytes, unless a name says sectors (of 512 bytes).</summary>
internal static class Geometry
{
    /// <summary>The smallest space for data worth a filesystem.</summary>
    private const long LeastData = 256 * 1024;

    /// <summary>512-byte sectors of data on a device of that size: all that follows the header, in whole encryption sectors.</summary>
    internal static ulong DataSectors(VolumeSpec spec, long deviceSize, int sectorSize) =>
        (ulong)((deviceSize - HeaderBytes(spec)) / sectorSize * (sectorSize / 512));

    /// <summary>Why a first boot cannot be on a device of this size, or null.</summary>
    internal static string? Problem(VolumeSpec spec, long deviceSize)
    {
        var header = HeaderBytes(spec);
        return deviceSize - header < LeastData
            ? $"{spec.Device} has {deviceSize} bytes; {(header > 0 ? $"the header record takes {header}, and " : "")}at least {LeastData} are needed for data"
            : null;
    }

    /// <summary>Why the recorded data do not fit on the device any more, or null. A device that has grown is no reason to stop.</summary>
    internal static string? Truncation(VolumeSpec spec, VolumeRecord record, long deviceSize)
    {
        var needed = record.Format.End.Count * 512;
        return (ulong)deviceSize < needed ? $"{spec.Device} has {deviceSize} bytes, but its record describes data up to byte {needed}: it was truncated" : null;
    }

    private static long HeaderBytes(VolumeSpec spec) => spec.RecordFile is null ? (long)RecordStore.HeaderSectors * 512 : 0;
}
