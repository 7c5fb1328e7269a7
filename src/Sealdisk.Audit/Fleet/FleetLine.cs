using System.Text.Json;
using Sealdisk.Audit.Blobs;
using Sealdisk.OpTee;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Audit.Fleet;

/// <summary>Judges lines, one after the other. Allocates nothing for a line without chip facts.</summary>
internal sealed class FleetLine(HukOracle oracle, CloneFilter clones, VerdictWriter verdicts)
{
    private readonly byte[] _blob = new byte[BlobText.MaxBytes];

    private long _number;

    public FleetSummary Summary { get; } = new();

    public void TooLong()
    {
        _number++;
        MalformedTooLong();
    }

    public void Judge(ReadOnlySpan<byte> text)
    {
        _number++;
        text = text.Trim(" \t\r"u8);
        if (text.IsEmpty)
            return;
        if (text.Length > FleetFilter.LongestLine)
        {
            MalformedTooLong();
            return;
        }
        var fields = default(Fields);
        try
        {
            if (Read(text, ref fields) is { } problem)
                Malformed(fields.Device, problem);
            else
                Judge(fields);
        }
        catch (JsonException)
        {
            // The device's name is repeated only from a line that is JSON to its end.
            Malformed(default, "the line is not a JSON object");
        }
    }

    private void Judge(Fields fields)
    {
        if (!TryDecode(fields.Blob, _blob, out var length) || length == 0)
        {
            Malformed(fields.Device, "the blob is not hex text of a sealed key's length");
            return;
        }
        var blob = _blob.AsSpan(0, length);
        var badFacts = false;
        var known = oracle.Find(blob) ?? FindOwn(fields, blob, out badFacts);
        var finding = known is not null ? new BlobFinding(HukVerdict.Known, known, BlobKind.OpTee, null)
            : badFacts ? new BlobFinding(HukVerdict.Malformed, null, BlobKind.OpTee, "dna has 12 or 16 bytes of hex text, uid has 12")
            : Describe(blob);
        var clone = finding.Verdict != HukVerdict.Malformed && !clones.Add(blob);
        Summary.Lines++;
        Summary.Clones += clone ? 1 : 0;
        Summary.Count(finding.Verdict, known);
        verdicts.Write(_number, fields.Device, finding.Verdict, known?.Id, clone, finding.Reason);
    }

    /// <summary>The usual blob, one of OP-TEE's that no candidate opens, is recognised without a full description.</summary>
    private static BlobFinding Describe(ReadOnlySpan<byte> blob) => blob is [0, ..] && blob.Length is 65 or 97 or 161
        ? NothingOpens
        : BlobAudit.Of(NoCandidates, blob);

    private static HukCandidate? FindOwn(Fields fields, ReadOnlySpan<byte> blob, out bool bad)
    {
        bad = false;
        if (fields.Dna.IsEmpty && fields.Uid.IsEmpty)
            return null;
        var dna = fields.Dna.IsEmpty ? null : DecodeFact(fields.Dna, out bad, 12, 16);
        var badDna = bad;
        var uid = fields.Uid.IsEmpty ? null : DecodeFact(fields.Uid, out bad, 12, 12);
        bad |= badDna;
        if (bad)
            return null;
        using var own = new HukOracle();
        PublicHuks.AddChip(own, new ChipFacts(dna, uid));
        return own.Find(blob);
    }

    private static byte[]? DecodeFact(ReadOnlySpan<byte> hex, out bool bad, int shortest, int longest)
    {
        Span<byte> bytes = stackalloc byte[16];
        bad = !TryDecode(hex, bytes, out var length) || (length != shortest && length != longest);
        return bad ? null : bytes[..length].ToArray();
    }

    private void MalformedTooLong() => Malformed(default, $"the line is longer than {FleetFilter.LongestLine} bytes");

    private void Malformed(ReadOnlySpan<byte> device, string reason)
    {
        Summary.Lines++;
        Summary.Count(HukVerdict.Malformed, null);
        verdicts.Write(_number, device, HukVerdict.Malformed, null, clone: false, reason);
    }

    private static string? Read(ReadOnlySpan<byte> text, ref Fields fields)
    {
        var reader = new Utf8JsonReader(text);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return "the line is not a JSON object";
        string? problem = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueTextEquals("device"u8) ? 'd' : reader.ValueTextEquals("blob"u8) ? 'b'
                : reader.ValueTextEquals("dna"u8) ? 'n' : reader.ValueTextEquals("uid"u8) ? 'u' : ' ';
            reader.Read();
            var isText = reader.TokenType == JsonTokenType.String;
            if (name == 'd' && (isText || reader.TokenType == JsonTokenType.Number))
                fields.Device = text[(int)reader.TokenStartIndex..(int)reader.BytesConsumed];
            else if (name == 'd')
                problem ??= "device is neither a string nor a number";
            else if (name != ' ' && (!isText || reader.ValueIsEscaped))
                problem ??= "blob, dna and uid are strings of hex digits";
            else if (name == 'b')
                fields.Blob = reader.ValueSpan;
            else if (name == 'n')
                fields.Dna = reader.ValueSpan;
            else if (name == 'u')
                fields.Uid = reader.ValueSpan;
            reader.Skip();
        }
        // To the end, so that anything after the object is noticed too.
        while (reader.Read())
        {
        }
        return problem ?? (fields.Blob.IsEmpty ? "there is no blob" : null);
    }

    private static bool TryDecode(ReadOnlySpan<byte> hex, Span<byte> bytes, out int length)
    {
        length = 0;
        return hex.Length % 2 == 0 && hex.Length / 2 <= bytes.Length
            && Convert.FromHexString(hex, bytes, out _, out length) == System.Buffers.OperationStatus.Done;
    }

    private static readonly HukOracle NoCandidates = new();
    private static readonly BlobFinding NothingOpens = new(HukVerdict.NoCandidateMatched, null, BlobKind.OpTee, null);

    private ref struct Fields
    {
        /// <summary>As it is in the line, with quotes and escapes.</summary>
        public ReadOnlySpan<byte> Device;

        public ReadOnlySpan<byte> Blob;
        public ReadOnlySpan<byte> Dna;
        public ReadOnlySpan<byte> Uid;
    }
}
