namespace Sealdisk.Tests.Durability;

/// <summary>One sector's worth of bytes that was written somewhere; the smallest thing that reaches a medium whole or not at all.</summary>
internal sealed class Sector
{
    public const int Size = 512;

    /// <param name="index">Its place in the file.</param>
    /// <param name="data">Its bytes; what is missing to a whole sector is zero.</param>
    public Sector(long index, ReadOnlySpan<byte> data)
    {
        var whole = new byte[Size];
        data.CopyTo(whole);
        (Index, Data) = (index, whole);
        if (!data.ContainsAnyExcept((byte)0))
            return;
        var hash = 14695981039346656037 ^ (ulong)index;
        foreach (var value in whole)
            hash = (hash ^ value) * 1099511628211;
        Hash = hash * 0x9E3779B97F4A7C15;
    }

    public long Index { get; }

    public byte[] Data { get; }

    /// <summary>Of place and content; that of zeros is 0 everywhere.</summary>
    public ulong Hash { get; }

    /// <summary>A piece of a file, in sectors.</summary>
    public static IEnumerable<Sector> Split(long offset, byte[] data)
    {
        Assert.True(offset % Size == 0, $"offset {offset} is not that of a sector");
        for (var at = 0; at < data.Length; at += Size)
            yield return new Sector((offset + at) / Size, data.AsSpan(at, Math.Min(Size, data.Length - at)));
    }
}

/// <summary>
/// A file's content: sectors where there is something else than zeros, and a few more over them. Not changed once it is made.
/// </summary>
internal sealed class StoredFile(long size, Dictionary<long, Sector> sectors, IReadOnlyList<Sector> over, ulong sectorKey)
{
    private static readonly byte[] s_zeros = new byte[Sector.Size];

    public long Size => size;

    /// <summary>Of all of it, however it came about.</summary>
    public ulong Key => ((ulong)size * 0x9E3779B97F4A7C15) ^ sectorKey;

    /// <summary>Places that may hold something else than zeros.</summary>
    public IEnumerable<long> Indices => over.Count == 0 ? sectors.Keys : sectors.Keys.Union(over.Select(sector => sector.Index));

    public byte[] this[long index]
    {
        get
        {
            foreach (var sector in over)
            {
                if (sector.Index == index)
                    return sector.Data;
            }
            return sectors.TryGetValue(index, out var found) ? found.Data : s_zeros;
        }
    }

    public byte[] ToArray()
    {
        var bytes = new byte[size];
        foreach (var index in Indices)
        {
            var at = index * Sector.Size;
            if (at < size)
                this[index].AsSpan(0, (int)Math.Min(Sector.Size, size - at)).CopyTo(bytes.AsSpan((int)at));
        }
        return bytes;
    }
}
