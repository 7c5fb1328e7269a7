using System.Text.Json;
using System.Text.Json.Serialization;
using Sealdisk.Crypto;

namespace Sealdisk.Mapping;

/// <summary>
/// Everything that opens a mapping, and no key: the sealed key is safe in the open, the HUK is named by its file. The data-path server is
/// told this on its standard input, and <c>status</c> reads it back from /run.
/// </summary>
public sealed record MappingDescription
{
    /// <summary>The mapping's name; for a configured volume, the volume's.</summary>
    public required string Name { get; init; }

    /// <summary>Block device or image file, absolute.</summary>
    public required string Device { get; init; }

    /// <summary>dm-crypt's cipher specification.</summary>
    public required string Cipher { get; init; }

    /// <summary>Bytes.</summary>
    public required int KeySize { get; init; }

    /// <summary>Bytes.</summary>
    public required int SectorSize { get; init; }

    /// <summary>IVs count encryption sectors instead of 512-byte sectors.</summary>
    public bool IvLargeSectors { get; init; }

    /// <summary>512-byte sectors.</summary>
    public ulong IvOffset { get; init; }

    /// <summary>Where the data begin on the device, in 512-byte sectors.</summary>
    public long Offset { get; init; }

    /// <summary>How much data there is, in 512-byte sectors.</summary>
    public required long Length { get; init; }

    /// <summary>The blob, as hex text.</summary>
    public required string SealedKey { get; init; }

    /// <summary>The file with the soft source's HUK, absolute.</summary>
    public required string Huk { get; init; }

    /// <summary>Discards become holes in the image file or discards of the block device.</summary>
    public bool Discard { get; init; }

    internal SectorLayout Layout => new(SectorSize, IvLargeSectors, IvOffset);

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, MappingJson.Default.MappingDescription);

    internal static MappingDescription FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, MappingJson.Default.MappingDescription)
        ?? throw SealdiskException.Failed("cannot read a mapping's description: it is empty");
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(MappingDescription))]
internal sealed partial class MappingJson : JsonSerializerContext;
