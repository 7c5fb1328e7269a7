using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Sealdisk.Audit.Blobs;
using Sealdisk.Linux;

namespace Sealdisk.Audit.Fleet;

/// <summary>Writes verdicts as JSON, one a line, through a buffer of its own.</summary>
internal sealed class VerdictWriter(FileDescriptor output)
{
    private readonly byte[] _buffer = new byte[(1 << 16) + (2 * FleetFilter.LongestLine)];
    private readonly Dictionary<string, byte[]> _quoted = new(StringComparer.Ordinal);
    private int _used;

    /// <param name="line">The line of the input, from 1.</param>
    /// <param name="device">A JSON value as it stood in the input, or empty.</param>
    /// <param name="verdict">The verdict.</param>
    /// <param name="huk">The known HUK's id, or null.</param>
    /// <param name="clone">Whether this very blob was on an earlier line.</param>
    /// <param name="reason">Why it is malformed or no model applies, or null.</param>
    public void Write(long line, ReadOnlySpan<byte> device, HukVerdict verdict, string? huk, bool clone, string? reason)
    {
        Put("{\"line\":"u8);
        Utf8Formatter.TryFormat(line, _buffer.AsSpan(_used), out var digits);
        _used += digits;
        Put(",\"device\":"u8);
        Put(device.IsEmpty ? "null"u8 : device);
        Put(",\"verdict\":"u8);
        Put(Quoted(BlobAudit.Word(verdict)));
        Put(",\"huk\":"u8);
        Put(huk is null ? "null"u8 : Quoted(huk));
        Put(clone ? ",\"clone\":true"u8 : ",\"clone\":false"u8);
        if (reason is not null)
        {
            Put(",\"reason\":"u8);
            Put(Quoted(reason));
        }
        Put("}\n"u8);
        if (_used >= 1 << 16)
            Flush();
    }

    public void Summary(FleetSummary summary)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            json.WriteStartObject("summary"u8);
            json.WriteNumber("lines"u8, summary.Lines);
            json.WriteNumber("known"u8, summary.Known);
            json.WriteNumber("no_candidate_matched"u8, summary.NoCandidateMatched);
            json.WriteNumber("model_does_not_apply"u8, summary.ModelDoesNotApply);
            json.WriteNumber("malformed"u8, summary.Malformed);
            json.WriteNumber("clones"u8, summary.Clones);
            json.WriteStartObject("by_huk"u8);
            foreach (var (huk, count) in summary.ByHuk.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                json.WriteNumber(huk, count);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        Flush();
        output.Write(memory.GetBuffer().AsSpan(0, (int)memory.Length));
        output.Write("\n"u8);
    }

    public void Flush()
    {
        output.Write(_buffer.AsSpan(0, _used));
        _used = 0;
    }

    private void Put(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_buffer.AsSpan(_used));
        _used += text.Length;
    }

    /// <summary>Our own texts and the names of candidates: there are few, so their JSON form is kept.</summary>
    private byte[] Quoted(string text)
    {
        if (!_quoted.TryGetValue(text, out var quoted))
        {
            quoted = Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text)}\"");
            if (_quoted.Count < 1000)
                _quoted.Add(text, quoted);
        }
        return quoted;
    }
}
