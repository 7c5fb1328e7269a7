using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Mapping;

/// <summary>
/// Everything that opens a mapping, and no key: the sealed key is safe in the open, the HUK is named by its file, and a kernel key is
/// passed beside it by reference.
/// </summary>
public sealed record MappingRequest
{
    /// <summary>The mapping's name; for a configured volume, the volume's.</summary>
    public required string Name { get; init; }

    /// <summary>Block device or image file, absolute.</summary>
    public required string Device { get; init; }

    /// <summary>dm-crypt's cipher specification.</summary>
    public required CipherSpec Cipher { get; init; }

    /// <summary>Bytes.</summary>
    public required int KeySize { get; init; }

    /// <summary>Sector size and IV rules.</summary>
    public required SectorLayout Layout { get; init; }

    /// <summary>Where the data begin on the device, in 512-byte sectors.</summary>
    public required long Offset { get; init; }

    /// <summary>How much data there is, in 512-byte sectors.</summary>
    public required long Length { get; init; }

    /// <summary>The blob, as hex text, or with a root key the text of an encrypted key; null where a person names a key that is in the kernel already.</summary>
    public required string? SealedKey { get; init; }

    /// <summary>The sealed root key that the key is encrypted under, as hex text; or null.</summary>
    public string? RootKey { get; init; }

    /// <summary>The file with the soft source's HUK, absolute; null for every other source.</summary>
    public required string? Huk { get; init; }

    /// <summary>Discards become holes in the image file or discards of the block device.</summary>
    public bool Discard { get; init; }

    /// <summary>How dm-crypt schedules its work; nothing to the fuse mapping.</summary>
    public CryptOptions Options { get; init; } = CryptOptions.None;

    /// <summary>dm only: refuse writes.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The same as the server process is told it, in bytes and in plain words. Only the soft source's keys go there.</summary>
    internal ServeRequest ForServer(RuntimeFolder folder) => new()
    {
        Device = Device,
        Offset = new ByteCount(Offset * 512),
        Length = new ByteCount(Length * 512),
        Cipher = Cipher.Text,
        KeySize = KeySize,
        SectorSize = Layout.SectorSize,
        IvLargeSectors = Layout.IvLargeSectors,
        IvOffset = new Sectors(Layout.IvOffset),
        SealedKey = SealedKey!,
        RootKey = RootKey,
        HukFile = Huk!,
        MountFile = folder.Volume,
        FsName = Device,
        Discard = Discard,
        LogFile = folder.ServerLog,
    };
}
