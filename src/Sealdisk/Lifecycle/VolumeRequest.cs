using Sealdisk.Crypto;
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
        Cipher = CipherSpec.Parse(record.Cipher),
        KeySize = record.KeySize,
        Layout = new SectorLayout(record.SectorSize, record.IvLargeSectors, record.IvOffset),
        Offset = (long)record.DataOffset,
        Length = (long)record.DataLength,
        SealedKey = record.SealedKey,
        RootKey = record.RootKey,
        Huk = spec.Huk,
        Discard = spec.Discard,
        Options = spec.CryptOptions,
    };
}
