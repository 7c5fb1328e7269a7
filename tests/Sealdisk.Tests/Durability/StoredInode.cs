using System.Runtime.InteropServices;

namespace Sealdisk.Tests.Durability;

/// <summary>A file, whatever it is called: what is certainly on the medium, and what was done to it since.</summary>
internal sealed class StoredInode
{
    /// <summary>Sectors of a page, 4096 bytes: what the filesystems here take for written whole or not at all.</summary>
    private const int Page = 8;

    private readonly Dictionary<long, Sector> _certain = [];
    private readonly List<Pending> _pending = [];
    private readonly List<long> _sizes = [];
    private long _size;
    private ulong _key;

    public StoredInode(byte[] before)
    {
        _size = before.Length;
        Put(_certain, ref _key, Sector.Split(0, before).Where(sector => sector.Hash != 0));
    }

    /// <summary>One thing that it may hold; <paramref name="Lost"/> as in <see cref="CrashState"/>.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Version(StoredFile File, int Lost);

    /// <summary>What it certainly holds.</summary>
    public StoredFile Certain => new(_size, new Dictionary<long, Sector>(_certain), [], _key);

    public void Do(StorageOperation operation, Func<long, bool> isRecord)
    {
        if (operation is StorageOperation.Resize resize)
        {
            _sizes.Add(resize.Size);
            return;
        }
        var (offset, data) = operation switch
        {
            StorageOperation.Write write => (write.Offset, write.Data),
            StorageOperation.Zero zero => (zero.Offset, new byte[zero.Length]),
            _ => throw new InvalidDataException($"{operation} writes nothing"),
        };
        var sectors = Sector.Split(offset, data).ToArray();
        if (offset + data.Length > _sizes.Append(_size).Max())
            _sizes.Add(offset + data.Length);
        _pending.Add(new Pending(
            operation.End,
            [.. sectors.Where(sector => isRecord(sector.Index))],
            [.. sectors.Where(sector => !isRecord(sector.Index))]));
    }

    /// <summary>What was done before that line is certain.</summary>
    public void Sync(int begin)
    {
        foreach (var write in _pending.Where(write => write.End < begin))
            Put(_certain, ref _key, write.Record.Concat(write.Other));
        _pending.RemoveAll(write => write.End < begin);
        if (_sizes.Count > 0)
            _size = _sizes[^1];
        _sizes.Clear();
    }

    /// <summary>Everything that it may hold; of one that nobody will read, only one version.</summary>
    public IEnumerable<Version> Possible(bool isRead)
    {
        if (!isRead)
        {
            yield return new Version(Certain, int.MaxValue);
            yield break;
        }
        // Per sector of the record: as it was, or any version since. Where those are all the same there is no choice.
        var bySector = _pending.SelectMany(write => write.Record).GroupBy(sector => sector.Index)
            .Select(versions => versions.Prepend(At(_certain, versions.Key)).DistinctBy(sector => sector.Hash).ToArray())
            .Where(versions => versions.Length > 1)
            .ToArray();
        foreach (var size in _sizes.Prepend(_size).Distinct())
        {
            foreach (var (sectors, key, lost) in Prefixes())
            {
                foreach (var choice in bySector.Product())
                {
                    var changed = choice.Aggregate(key, (sum, sector) => sum ^ sector.Hash ^ At(_certain, sector.Index).Hash);
                    yield return new Version(new StoredFile(size, sectors, choice, changed), lost);
                }
            }
        }
    }

    /// <summary>
    /// All writes beside the record up to some point; of the last one, where it is longer than a page, all or its first half.
    /// </summary>
    private IEnumerable<(Dictionary<long, Sector> Sectors, ulong Key, int Lost)> Prefixes()
    {
        var (sectors, key) = (new Dictionary<long, Sector>(_certain), _key);
        foreach (var write in _pending)
        {
            // One that changes nothing is not missed.
            if (write.Other.All(sector => At(sectors, sector.Index).Hash == sector.Hash))
                continue;
            yield return (new(sectors), key, write.End);
            if (write.Other.Length > Page)
            {
                Put(sectors, ref key, write.Other.Take(write.Other.Length / 2 / Page * Page));
                yield return (new(sectors), key, write.End);
            }
            Put(sectors, ref key, write.Other);
        }
        yield return (sectors, key, int.MaxValue);
    }

    private static Sector At(Dictionary<long, Sector> sectors, long index) =>
        sectors.TryGetValue(index, out var sector) ? sector : new Sector(index, []);

    private static void Put(Dictionary<long, Sector> sectors, ref ulong key, IEnumerable<Sector> written)
    {
        foreach (var sector in written)
        {
            key ^= sector.Hash ^ At(sectors, sector.Index).Hash;
            sectors[sector.Index] = sector;
        }
    }

    /// <summary>One write, by whose sectors they are.</summary>
    private sealed record Pending(int End, Sector[] Record, Sector[] Other);
}
