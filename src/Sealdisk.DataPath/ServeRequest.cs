using System.Globalization;
using System.Text;

namespace Sealdisk.DataPath;

/// <summary>
/// What a server process is told, as one line on its standard input: where things are and what they are called, never a key. Nothing of it
/// shows in a command line or an environment. Not JSON: reading that would make the binary 290 KB bigger, which every boot would load.
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
    /// <summary>Where the sealed key is the text of an encrypted key: the key that it is under, as its trust source sealed it; or null.</summary>
    public string? RootKey { get; init; }

    /// <summary>One line, without its end: name=value, tab-separated, with \\, \t and \n for those characters in a value.</summary>
    public string ToLine() => string.Join('\t', Fields().Select(field => $"{field.Name}={Escape(field.Value)}"));

    /// <summary>The way back.</summary>
    /// <exception cref="FormatException">The line is not a whole request.</exception>
    public static ServeRequest Parse(ReadOnlySpan<byte> line)
    {
        var reader = new FieldReader(Encoding.UTF8.GetString(line).Split('\t'));
        var request = new ServeRequest(
            reader.Text("device"), reader.Number("offset"), reader.Number("length"), reader.Text("cipher"), (int)reader.Number("key-size"),
            (int)reader.Number("sector-size"), reader.Flag("iv-large-sectors"), reader.Unsigned("iv-offset"), reader.Text("sealed-key"),
            reader.Text("huk-file"), reader.Text("mount-file"), reader.Text("fs-name"), reader.Flag("discard"), reader.Text("log-file"))
        {
            RootKey = reader.Text("root-key") is { Length: > 0 } root ? root : null,
        };
        reader.End();
        return request;
    }

    private IEnumerable<(string Name, string Value)> Fields() =>
    [
        ("device", Device), ("offset", $"{Offset}"), ("length", $"{Length}"), ("cipher", Cipher), ("key-size", $"{KeySize}"),
        ("sector-size", $"{SectorSize}"), ("iv-large-sectors", IvLargeSectors ? "1" : "0"), ("iv-offset", $"{IvOffset}"), ("sealed-key", SealedKey),
        ("huk-file", HukFile), ("mount-file", MountFile), ("fs-name", FsName), ("discard", Discard ? "1" : "0"), ("log-file", LogFile),
        ("root-key", RootKey ?? ""),
    ];

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>Takes the fields in their order; any other line is refused.</summary>
    private sealed class FieldReader(string[] fields)
    {
        private int _next;

        public string Text(string name)
        {
            if (_next == fields.Length || !fields[_next].StartsWith(name + "=", StringComparison.Ordinal))
                throw new FormatException($"cannot read the request: no {name} where it should be");
            return Unescape(fields[_next++].AsSpan(name.Length + 1));
        }

        public long Number(string name) => long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"cannot read the request: {name} is no number");

        public ulong Unsigned(string name) => ulong.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"cannot read the request: {name} is no number");

        public bool Flag(string name) => Text(name) switch
        {
            "0" => false,
            "1" => true,
            _ => throw new FormatException($"cannot read the request: {name} is neither 0 nor 1"),
        };

        public void End()
        {
            if (_next != fields.Length)
                throw new FormatException("cannot read the request: it goes on after its last field");
        }

        private static string Unescape(ReadOnlySpan<char> value)
        {
            var text = new StringBuilder(value.Length);
            for (var at = 0; at < value.Length; at++)
            {
                if (value[at] != '\\')
                    text.Append(value[at]);
                else if (++at < value.Length)
                    text.Append(value[at] switch { 't' => '\t', 'n' => '\n', _ => value[at] });
            }
            return text.ToString();
        }
    }
}
