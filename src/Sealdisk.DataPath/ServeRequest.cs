using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealdisk.DataPath;

/// <summary>
/// What a server process is told, as one line of JSON on its standard input: where things are and what they are called, never a key. Nothing of it
/// shows in a command line or an environment.
/// </summary>
/// <param name="Device">The file or block device that holds the ciphertext.</param>
/// <param name="Offset">Where the data begins in it, in bytes.</param>
/// <param name="Length">Bytes of data.</param>
/// <param name="Cipher">Such as "aes-xts-plain64".</param>
/// <param name="KeySize">Bytes.</param>
/// <param name="SectorSize">Bytes that are encrypted as one.</param>
/// <param name="IvLargeSectors">Sectors are counted in their own size.</param>
/// <param name="IvOffset">Added to the sector number, in 512-byte sectors.</param>
/// <param name="SealedKey">The key as its trust source sealed it, in the text form of `keyctl pipe`: safe in the open.</param>
/// <param name="HukFile">The file that the software source unseals with.</param>
/// <param name="MountFile">An existing regular file, which becomes the volume.</param>
/// <param name="FsName">What /proc/mounts shows as the source.</param>
/// <param name="Discard">The opener will arm discards; see <see cref="FuseServer"/>.</param>
/// <param name="LogFile">Where errors go once nobody listens. Locked by the server as long as it lives.</param>
public sealed record ServeRequest(
    string Device, long Offset, long Length, string Cipher, int KeySize, int SectorSize, bool IvLargeSectors, ulong IvOffset,
    string SealedKey, string HukFile, string MountFile, string FsName, bool Discard, string LogFile)
{
    /// <summary>One line, without its end.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, ServeRequestJson.Default.ServeRequest);

    /// <summary>The way back.</summary>
    /// <exception cref="FormatException">The line is not a whole request.</exception>
    public static ServeRequest Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ServeRequestJson.Default.ServeRequest) ?? throw new FormatException("cannot read the request: it is null");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"cannot read the request: {exception.Message}", exception);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ServeRequest))]
internal sealed partial class ServeRequestJson : JsonSerializerContext;
