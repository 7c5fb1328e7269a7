using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Native;

/// <summary>
/// What a process has in writable memory, taken from outside: more than a core dump would hold. Pages that are set apart for keys (locked, and left out of
/// core dumps) are kept apart.
/// </summary>
internal sealed class MemoryImage
{
    private const int PageSize = 4096;

    private readonly List<(string Region, byte[] Bytes)> _ordinary = [];
    private readonly List<(string Region, byte[] Bytes)> _setApart = [];

    /// <summary>Bytes that are not zero pages.</summary>
    public long Size => _ordinary.Concat(_setApart).Sum(part => (long)part.Bytes.Length);

    /// <summary>Takes it, while the process is stopped or waits.</summary>
    public static MemoryImage Of(int process)
    {
        var image = new MemoryImage();
        using var memory = FileDescriptor.Open($"/proc/{process}/mem", OpenFlags.Read);
        string? header = null;
        var isResident = false;
        foreach (var line in File.ReadLines($"/proc/{process}/smaps"))
        {
            if (line.StartsWith("Rss:", StringComparison.Ordinal))
                isResident = !line.EndsWith(" 0 kB", StringComparison.Ordinal);
            else if (line.StartsWith("VmFlags:", StringComparison.Ordinal) && isResident)
                image.Take(memory, header!, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            else if (line.Split(' ')[0].Contains('-', StringComparison.Ordinal))
                header = line;
        }
        return image;
    }

    /// <summary>The regions outside those set apart where any sixteen bytes of a secret, or its hex digits in any spelling, lie.</summary>
    public IEnumerable<string> Find(byte[] secret) => Find(_ordinary, secret);

    /// <summary>The same for the pages that are set apart.</summary>
    public IEnumerable<string> FindSetApart(byte[] secret) => Find(_setApart, secret);

    private static IEnumerable<string> Find(List<(string Region, byte[] Bytes)> parts, byte[] secret) =>
        from pattern in Patterns(secret)
        from part in parts
        where part.Bytes.AsSpan().IndexOf(pattern) >= 0
        select part.Region;

    private static IEnumerable<byte[]> Patterns(byte[] secret)
    {
        for (var at = 0; at + 16 <= secret.Length; at += 16)
        {
            var piece = secret[at..(at + 16)];
            yield return piece;
            foreach (var hex in new[] { Convert.ToHexStringLower(piece), Convert.ToHexString(piece) })
            {
                yield return System.Text.Encoding.ASCII.GetBytes(hex);
                yield return System.Text.Encoding.Unicode.GetBytes(hex);
            }
        }
    }

    private void Take(FileDescriptor memory, string header, string[] flags)
    {
        if (!flags.Contains("rd") || !flags.Contains("wr"))
            return;
        var range = header.Split(' ')[0].Split('-');
        var (start, end) = (long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        var parts = flags.Contains("dd") && flags.Contains("lo") ? _setApart : _ordinary;
        var run = new List<byte>();
        var piece = new byte[1 << 20];
        for (var at = start; at < end; at += piece.Length)
        {
            var length = (int)Math.Min(piece.Length, end - at);
            if (!TryRead(memory, piece.AsSpan(0, length), at))
                continue;
            for (var page = 0; page < length; page += PageSize)
            {
                var bytes = piece.AsSpan(page, Math.Min(PageSize, length - page));
                if (bytes.ContainsAnyExcept((byte)0))
                    run.AddRange(bytes);
                else
                    Keep();
            }
        }
        Keep();

        void Keep()
        {
            if (run.Count > 0)
                parts.Add((header, [.. run]));
            run.Clear();
        }
    }

    /// <summary>False for what the kernel keeps to itself (such as pages of a device).</summary>
    private static bool TryRead(FileDescriptor memory, Span<byte> piece, long at)
    {
        try
        {
            return memory.ReadAt(piece, at) == piece.Length;
        }
        catch (LinuxException)
        {
            return false;
        }
    }
}
