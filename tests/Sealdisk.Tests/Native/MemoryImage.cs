using System.Buffers.Binary;
using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Native;

/// <summary>
/// What a process has in writable memory, taken from outside: more than a core dump would hold. Pages that are set apart for keys (locked,
/// and left out of core dumps) are kept apart.
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
        using var pageMap = FileDescriptor.Open($"/proc/{process}/pagemap", OpenFlags.Read);
        var piece = new byte[1 << 20];
        string? header = null;
        var isResident = false;
        foreach (var line in File.ReadLines($"/proc/{process}/smaps"))
        {
            if (line.StartsWith("Rss:", StringComparison.Ordinal))
                isResident = !line.EndsWith(" 0 kB", StringComparison.Ordinal);
            else if (line.StartsWith("VmFlags:", StringComparison.Ordinal) && isResident)
                image.Take(memory, pageMap, piece, header!, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
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

    private void Take(FileDescriptor memory, FileDescriptor pageMap, byte[] piece, string header, string[] flags)
    {
        if (!flags.Contains("rd") || !flags.Contains("wr"))
            return;
        var range = header.Split(' ')[0].Split('-');
        var (start, end) = (
            long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        var parts = flags.Contains("dd") && flags.Contains("lo") ? _setApart : _ordinary;
        var run = new List<byte>();
        var there = new bool[piece.Length / PageSize];
        for (var at = start; at < end; at += piece.Length)
        {
            var pages = (int)Math.Min(there.Length, (end - at) / PageSize);
            ReadPageMap(pageMap, at, there.AsSpan(0, pages));
            for (var page = 0; page < pages;)
            {
                var count = there.AsSpan(page, pages - page).IndexOf(!there[page]) is > 0 and var other ? other : pages - page;
                if (there[page] && TryRead(memory, piece.AsSpan(0, count * PageSize), at + ((long)page * PageSize)))
                    Add(piece.AsSpan(0, count * PageSize));
                else
                    Keep();
                page += count;
            }
        }
        Keep();

        void Add(ReadOnlySpan<byte> bytes)
        {
            for (; bytes.Length > 0; bytes = bytes[PageSize..])
            {
                if (bytes[..PageSize].ContainsAnyExcept((byte)0))
                    run.AddRange(bytes[..PageSize]);
                else
                    Keep();
            }
        }

        void Keep()
        {
            if (run.Count > 0)
                parts.Add((header, [.. run]));
            run.Clear();
        }
    }

    /// <summary>
    /// Which pages from an address on are in memory or swapped out (Documentation/admin-guide/mm/pagemap.rst, bits 63 and 62); the others
    /// have nothing of the process's own.
    /// </summary>
    private static void ReadPageMap(FileDescriptor pageMap, long address, Span<bool> there)
    {
        Span<byte> entries = stackalloc byte[there.Length * sizeof(ulong)];
        entries[pageMap.ReadAt(entries, address / PageSize * sizeof(ulong))..].Clear(); // all of it, once the process has ended
        for (var page = 0; page < there.Length; page++)
            there[page] = BinaryPrimitives.ReadUInt64LittleEndian(entries[(page * sizeof(ulong))..]) >> 62 != 0;
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
