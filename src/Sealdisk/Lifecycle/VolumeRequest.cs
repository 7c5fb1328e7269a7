using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>A configured volume with its record becomes a request for a mapping.</summary>
internal static class VolumeRequest
{
    internal static MappingRequest From(VolumeSpec spec, VolumeRecord record) => new()
    {
        Name = spec.Name,
        Device = spec.Device,
        Format = record.Format,
        SealedKey = record.Key,
        Huk = spec.Huk,
        Discard = spec.Discard,
        Options = spec.CryptOptions,
    };
}
