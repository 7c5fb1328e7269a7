namespace Sealdisk.Tests.Durability;

/// <summary>One sector's worth of bytes that was written somewhere; the smallest thing that reaches a medium whole or not at all.</summary>
internal sealed class Sector
{
    public const int Size = 512;

    public Sector(long index, byte[] data)
    {
        (Index, Data) = (index, data);
        Hash = HashOf(index, data);
    }

    public long Index { get; }

    public byte[] Data { get; }

    /// <summary>Of place and content; that of zeros is 0 everywhere.</summary>
    public ulong Hash { get; }

    public static ulong HashOf(long index, ReadOnlySpan<byte> data)
    {
        if (!data.ContainsAnyExcept((byte)0))
            return 0;
        var hash = 14695981039346656037 ^ (ulong)index;
        foreach (var value in data)
            hash = (hash ^ value) * 1099511628211;
        return hash * 0x9E3779B97F4A7C15;
    }
}

/// <summary>A file's content: what it was before, and sectors over it; <paramref name="sectorKey"/> as <see cref="KeyOf"/> would have it.</summary>
internal sealed class StoredFile(byte[] before, long size, Dictionary<long, Sector> sectors, ulong sectorKey)
{
    public byte[] Before => before;

    public long Size => size;

    public IReadOnlyDictionary<long, Sector> Sectors => sectors;

    /// <summary>Of all of it, independent of how it came about.</summary>
    public ulong Key => ((ulong)size * 0x9E3779B97F4A7C15) ^ sectorKey;

    public ReadOnlySpan<byte> this[long index] => sectors.TryGetValue(index, out var sector) ? sector.Data : SectorBefore(index);

    public byte[] ToArray()
    {
        var bytes = new byte[size];
        before.AsSpan(0, (int)Math.Min(size, before.Length)).CopyTo(bytes);
        foreach (var sector in sectors.Values)
        {
            var at = sector.Index * Sector.Size;
            if (at < size)
                sector.Data.AsSpan(0, (int)Math.Min(Sector.Size, size - at)).CopyTo(bytes.AsSpan((int)at));
        }
        return bytes;
    }

    private ReadOnlySpan<byte> SectorBefore(long index)
    {
        var at = index * Sector.Size;
        return at + Sector.Size <= before.Length ? before.AsSpan((int)at, Sector.Size) : s_zeros;
    }

    /// <summary>The key of a content: that of its sectors, one over the other.</summary>
    public static ulong KeyOf(byte[] content)
    {
        var key = 0UL;
        for (var at = 0; at + Sector.Size <= content.Length; at += Sector.Size)
            key ^= Sector.HashOf(at / Sector.Size, content.AsSpan(at, Sector.Size));
        return key;
    }

    private static readonly byte[] s_zeros = new byte[Sector.Size];
}
