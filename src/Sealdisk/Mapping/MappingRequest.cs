using Sealdisk.DataPath;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Mapping;

/// <summary>
/// Everything that opens a mapping, and no key: the sealed key is safe in the open, the HUK is named by its file, and a kernel key is
/// passed along by reference.
/// </summary>
public sealed record MappingRequest
{
    /// <summary>The mapping's name; for a configured volume, the volume's.</summary>
    public required string Name { get; init; }

    /// <summary>Block device or image file, absolute.</summary>
    public required string Device { get; init; }

    /// <summary>How its sectors are encrypted, and where they are.</summary>
    public required SectorFormat Format { get; init; }

    /// <summary>The sealed key; null if a person names a key that is in the kernel already.</summary>
    public required SealedKey? SealedKey { get; init; }

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
        Offset = Format.Offset.Bytes,
        Length = Format.Length.Bytes,
        Cipher = Format.Cipher.Text,
        KeySize = Format.KeySize,
        SectorSize = Format.Layout.SectorSize,
        IvLargeSectors = Format.Layout.IvLargeSectors,
        IvOffset = Format.IvOffset,
        SealedKey = SealedKey!.Text,
        RootKey = (SealedKey as SealedKey.TwoLevel)?.Root.ToString(),
        HukFile = Huk!,
        MountFile = folder.Volume,
        FsName = Device,
        Discard = Discard,
        LogFile = folder.ServerLog,
    };
}
