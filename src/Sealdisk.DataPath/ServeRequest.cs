using System.Globalization;
using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// What a server process is told, as one line on its standard input: where things are and what they are called, never a key. Nothing of it
/// shows in a command line or an environment.
/// </summary>
/// <remarks>Not JSON: a JSON reader would make the binary 290 KB bigger, and every boot would load it.</remarks>
public sealed record ServeRequest
{
    /// <summary>The file or block device that holds the ciphertext.</summary>
    public required string Device { get; init; }

    /// <summary>Where the data begins in it.</summary>
    public required ByteCount Offset { get; init; }

    /// <summary>How much data there is.</summary>
    public required ByteCount Length { get; init; }

    /// <summary>Such as "aes-xts-plain64".</summary>
    public required string Cipher { get; init; }

    /// <summary>Bytes.</summary>
    public required int KeySize { get; init; }

    /// <summary>Bytes that are encrypted as one.</summary>
    public required int SectorSize { get; init; }

    /// <summary>Sectors are counted in their own size.</summary>
    public required bool IvLargeSectors { get; init; }

    /// <summary>Added to the sector number.</summary>
    public required Sectors IvOffset { get; init; }

    /// <summary>The key as its trust source sealed it, in the text form of `keyctl pipe`: safe in the open.</summary>
    public required string SealedKey { get; init; }

    /// <summary>
    /// If the sealed key is the text of an encrypted key: the root key above it, as its trust source sealed it; else null.
    /// </summary>
    public string? RootKey { get; init; }

    /// <summary>The file that the software source unseals with.</summary>
    public required string HukFile { get; init; }

    /// <summary>An existing regular file, which becomes the volume.</summary>
    public required string MountFile { get; init; }

    /// <summary>What /proc/mounts shows as the source.</summary>
    public required string FsName { get; init; }

    /// <summary>The opener will arm discards; see <see cref="FuseServer"/>.</summary>
    public required bool Discard { get; init; }

    /// <summary>Where errors go once nobody listens. The server keeps it locked as long as it lives.</summary>
    public required string LogFile { get; init; }

    /// <summary>
    /// One line, without its end: name=value, tab-separated, with \\, \t and \n for those characters in a value. Offset and length in
    /// bytes.
    /// </summary>
    public string ToLine() => string.Join('\t', Fields().Select(field => $"{field.Name}={Escape(field.Value)}"));

    /// <summary>Reads what <see cref="ToLine"/> writes.</summary>
    /// <exception cref="FormatException">The line is not a whole request.</exception>
    public static ServeRequest Parse(ReadOnlySpan<byte> line)
    {
        var reader = new FieldReader(Encoding.UTF8.GetString(line).Split('\t'));
        // The fields are read in this order, which is that of Fields below.
        var request = new ServeRequest
        {
            Device = reader.Text("device"),
            Offset = reader.Bytes("offset"),
            Length = reader.Bytes("length"),
            Cipher = reader.Text("cipher"),
            KeySize = reader.Number("key-size"),
            SectorSize = reader.Number("sector-size"),
            IvLargeSectors = reader.Flag("iv-large-sectors"),
            IvOffset = reader.Sectors("iv-offset"),
            SealedKey = reader.Text("sealed-key"),
            HukFile = reader.Text("huk-file"),
            MountFile = reader.Text("mount-file"),
            FsName = reader.Text("fs-name"),
            Discard = reader.Flag("discard"),
            LogFile = reader.Text("log-file"),
            RootKey = reader.Text("root-key") is { Length: > 0 } root ? root : null,
        };
        reader.End();
        return request;
    }

    private IEnumerable<(string Name, string Value)> Fields() =>
    [
        ("device", Device),
        ("offset", $"{Offset}"),
        ("length", $"{Length}"),
        ("cipher", Cipher),
        ("key-size", $"{KeySize}"),
        ("sector-size", $"{SectorSize}"),
        ("iv-large-sectors", IvLargeSectors ? "1" : "0"),
        ("iv-offset", $"{IvOffset}"),
        ("sealed-key", SealedKey),
        ("huk-file", HukFile),
        ("mount-file", MountFile),
        ("fs-name", FsName),
        ("discard", Discard ? "1" : "0"),
        ("log-file", LogFile),
        ("root-key", RootKey ?? ""),
    ];

    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\t", "\\t", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>Takes the fields in their order and refuses any other line.</summary>
    private sealed class FieldReader(string[] fields)
    {
        private int _next;

        public string Text(string name)
        {
            if (_next == fields.Length || !fields[_next].StartsWith(name + "=", StringComparison.Ordinal))
                throw new FormatException($"cannot read the request: {name} is not in its place");
            return Unescape(fields[_next++].AsSpan(name.Length + 1));
        }

        public int Number(string name) =>
            int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw NotANumber(name);

        public ByteCount Bytes(string name) => ByteCount.TryParse(Text(name), out var bytes) ? bytes : throw NotANumber(name);

        public Sectors Sectors(string name) => Linux.Sectors.TryParse(Text(name), out var sectors) ? sectors : throw NotANumber(name);

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

        private static FormatException NotANumber(string name) => new($"cannot read the request: {name} is not a number");

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

    /// <summary>Short, since the text that a record makes of all its members stays in the binary whether it is used or not.</summary>
    public override string ToString() => nameof(ServeRequest);
}
