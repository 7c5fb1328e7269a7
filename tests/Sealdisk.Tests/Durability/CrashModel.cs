using System.Runtime.InteropServices;

namespace Sealdisk.Tests.Durability;

/// <summary>What a medium may hold after a power cut: files by name. <see cref="Lost"/> is the earliest write that is not all there.</summary>
/// <param name="Files">By name.</param>
/// <param name="Cut">After which line of the trace the power failed.</param>
/// <param name="Lost">Of the writes beside the record's copies, the end of the first that is missing, wholly or in part; or never.</param>
internal sealed record CrashState(IReadOnlyDictionary<string, StoredFile> Files, int Cut, int Lost);

/// <summary>What was certainly on the medium at one instant, and everything that may have been.</summary>
internal sealed record Instant(int Line, string After, CrashState Certain, IEnumerable<CrashState> Possible);

/// <summary>
/// Replays a trace of storage operations into all states that a power cut may leave, at every instant. What was written since the last sync of its file
/// may be there or not, sector by sector of 512 bytes where it is a copy of a record, each sector in any of the versions that it was given; what was written
/// elsewhere, by mkfs and the mounted filesystem, is there up to some point, the last write of it perhaps in half, since those bytes are not the record's
/// business. Names may change, or not, in any combination that is possible, until their folder is synced; sizes until their file is. A file that
/// will only be read under a later name counts once, whatever it holds.
/// </summary>
internal sealed class CrashModel
{
    private readonly IReadOnlyList<StorageOperation> _operations;
    private readonly Func<string, long, bool> _isRecord;
    private readonly Dictionary<string, Inode> _names = new(StringComparer.Ordinal);
    private readonly List<Inode> _inodes = [];
    private readonly List<StorageOperation> _renames = [];
    private readonly Dictionary<StorageOperation, Inode> _of = new(ReferenceEqualityComparer.Instance);
    private Dictionary<string, Inode> _certain = new(StringComparer.Ordinal);

    /// <param name="before">The files before the trace began.</param>
    /// <param name="operations">The trace.</param>
    /// <param name="isRecord">Whether a sector of a file belongs to a copy of the record.</param>
    public CrashModel(IReadOnlyDictionary<string, byte[]> before, IReadOnlyList<StorageOperation> operations, Func<string, long, bool> isRecord)
    {
        _operations = operations;
        _isRecord = isRecord;
        foreach (var (name, content) in before)
        {
            var inode = new Inode(content) { Size = content.Length };
            _inodes.Add(inode);
            _names[name] = inode;
        }
        _certain = new Dictionary<string, Inode>(_names, StringComparer.Ordinal);
    }

    /// <summary>
    /// Every instant, folded: until the next sync ends, each operation adds to what may be on the medium and takes nothing away, so that the instant
    /// just before it has all states of those since the last one. To be enumerated once, and each instant before the next.
    /// </summary>
    public IEnumerable<Instant> Instants()
    {
        var (line, last) = (0, "nothing");
        // A sync counts when it has ended, everything else as soon as it has begun.
        foreach (var operation in _operations.OrderBy(operation => operation is StorageOperation.Sync or StorageOperation.SyncFolder ? operation.End : operation.Begin))
        {
            if (operation is StorageOperation.Sync or StorageOperation.SyncFolder)
                yield return At(line, last);
            Do(operation);
            (line, last) = (operation.End, operation.ToString());
        }
        yield return At(line, last);
    }

    private void Do(StorageOperation operation)
    {
        switch (operation)
        {
            case StorageOperation.Create:
                _inodes.Add(_names[operation.File] = _of[operation] = new Inode([]));
                _renames.Add(operation);
                break;
            case StorageOperation.Rename rename:
                _of[operation] = _names[rename.To] = _names[rename.File];
                _names.Remove(rename.File);
                _renames.Add(operation);
                break;
            case StorageOperation.Unlink:
                _of[operation] = _names[operation.File];
                _names.Remove(operation.File);
                _renames.Add(operation);
                break;
            case StorageOperation.SyncFolder:
                _renames.Clear();
                _certain = new Dictionary<string, Inode>(_names, StringComparer.Ordinal);
                break;
            case StorageOperation.Sync sync:
                _names[operation.File].Sync(sync.Begin);
                break;
            default:
                _names[operation.File].Do(operation, index => _isRecord(operation.File, index));
                break;
        }
    }

    private Instant At(int line, string after) => new(line, after, Build(_certain, inode => inode.Certain), Possible(line));

    private IEnumerable<CrashState> Possible(int line)
    {
        // Whole folders first, then for each what its files may hold.
        var folders = Enumerable.Range(0, 1 << _renames.Count).Select(NamesWith).OfType<Dictionary<string, Inode>>()
            .DistinctBy(names => string.Join('|', names.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={_inodes.IndexOf(pair.Value)}")));
        foreach (var names in folders)
        {
            var inodes = names.Values.Distinct().ToArray();
            foreach (var choice in Product(inodes.Select(inode => inode.Possible(IsRead(names, inode))).ToArray()))
            {
                var contents = inodes.Zip(choice).ToDictionary(pair => pair.First, pair => pair.Second);
                yield return new CrashState(
                    names.ToDictionary(pair => pair.Key, pair => contents[pair.Value].File, StringComparer.Ordinal), line, choice.Select(version => version.Lost).Append(int.MaxValue).Min());
            }
        }
    }

    /// <summary>A name with a dot is one that nothing is ever read from.</summary>
    private static bool IsRead(Dictionary<string, Inode> names, Inode inode) => names.Any(pair => pair.Value == inode && pair.Key[0] != '.');

    /// <summary>The names that are there if some of the changes since the last sync of the folder were made and others not; null where that cannot be.</summary>
    private Dictionary<string, Inode>? NamesWith(int mask)
    {
        var names = new Dictionary<string, Inode>(_certain, StringComparer.Ordinal);
        for (var i = 0; i < _renames.Count; i++)
        {
            if ((mask & (1 << i)) == 0)
                continue;
            var inode = _of[_renames[i]];
            switch (_renames[i])
            {
                case StorageOperation.Create create:
                    names[create.File] = inode;
                    break;
                case StorageOperation.Unlink unlink when !names.Remove(unlink.File):
                    return null;
                case StorageOperation.Rename rename:
                    // Where its making was not written down by itself, the rename brings the file along.
                    if (names.TryGetValue(rename.File, out var old) && old == inode)
                        names.Remove(rename.File);
                    names[rename.To] = inode;
                    break;
            }
        }
        return names;
    }

    private static CrashState Build(Dictionary<string, Inode> names, Func<Inode, StoredFile> content) =>
        new(names.ToDictionary(pair => pair.Key, pair => content(pair.Value), StringComparer.Ordinal), 0, int.MaxValue);

    private static IEnumerable<T[]> Product<T>(IReadOnlyList<IEnumerable<T>> factors)
    {
        IEnumerable<T[]> all = [[]];
        foreach (var factor in factors)
            all = all.SelectMany(_ => factor, (some, one) => (T[])[.. some, one]);
        return all;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Version(StoredFile File, int Lost);

    /// <summary>A file, whatever it is called: what is certainly on the medium, and what was done since.</summary>
    private sealed class Inode(byte[] before)
    {
        private const int Page = 8;
        private readonly Dictionary<long, Sector> _certain = [];
        private readonly List<(StorageOperation Operation, Sector[] Record, Sector[] Other)> _pending = [];
        private readonly List<long> _sizes = [];
        private ulong _key = StoredFile.KeyOf(before);

        public long Size { get; set; }

        public StoredFile Certain => new(before, Size, new Dictionary<long, Sector>(_certain), _key);

        public void Do(StorageOperation operation, Func<long, bool> isRecord)
        {
            if (operation is StorageOperation.Resize resize)
            {
                _sizes.Add(resize.Size);
                return;
            }
            var sectors = Split(operation).ToArray();
            var end = (sectors[^1].Index + 1) * Sector.Size;
            if (end > _sizes.Append(Size).Max())
                _sizes.Add(end);
            _pending.Add((operation, [.. sectors.Where(sector => isRecord(sector.Index))], [.. sectors.Where(sector => !isRecord(sector.Index))]));
        }

        public void Sync(int begin)
        {
            foreach (var (_, record, other) in _pending.Where(write => write.Operation.End < begin).ToArray())
                Put(_certain, ref _key, record.Concat(other));
            _pending.RemoveAll(write => write.Operation.End < begin);
            if (_sizes.Count > 0)
                Size = _sizes[^1];
            _sizes.Clear();
        }

        public IEnumerable<Version> Possible(bool isRead)
        {
            if (!isRead)
            {
                yield return new Version(Certain, int.MaxValue);
                yield break;
            }
            // Per sector of the record: as it was, or any version since.
            var bySector = _pending.SelectMany(write => write.Record).GroupBy(sector => sector.Index).Select(group => group.Prepend(null)).ToArray();
            foreach (var size in _sizes.Prepend(Size).Distinct())
            {
                foreach (var (others, lost) in Prefixes())
                {
                    foreach (var choice in Product(bySector))
                    {
                        var (sectors, key) = (new Dictionary<long, Sector>(_certain), _key);
                        Put(sectors, ref key, others.Concat(choice.OfType<Sector>()));
                        yield return new Version(new StoredFile(before, size, sectors, key), lost);
                    }
                }
            }
        }

        private void Put(Dictionary<long, Sector> sectors, ref ulong key, IEnumerable<Sector> written)
        {
            foreach (var sector in written)
            {
                key ^= sector.Hash ^ (sectors.TryGetValue(sector.Index, out var old) ? old.Hash : HashBefore(sector.Index));
                sectors[sector.Index] = sector;
            }
        }

        private ulong HashBefore(long index)
        {
            var at = index * Sector.Size;
            return at + Sector.Size <= before.Length ? Sector.HashOf(index, before.AsSpan((int)at, Sector.Size)) : 0;
        }

        /// <summary>All writes beside the record up to some point; of the last one, where it is longer than a page, all or its first half.</summary>
        private IEnumerable<(Sector[] Sectors, int Lost)> Prefixes()
        {
            var writes = _pending.Where(write => write.Other.Length > 0).ToArray();
            for (var count = 0; count < writes.Length; count++)
            {
                Sector[] before = [.. writes.Take(count).SelectMany(write => write.Other)];
                yield return (before, writes[count].Operation.End);
                if (writes[count].Other.Length > Page)
                    yield return ([.. before, .. writes[count].Other.Take(writes[count].Other.Length / 2)], writes[count].Operation.End);
            }
            yield return ([.. writes.SelectMany(write => write.Other)], int.MaxValue);
        }

        private static IEnumerable<Sector> Split(StorageOperation operation)
        {
            var (offset, data) = operation switch
            {
                StorageOperation.Write write => (write.Offset, write.Data),
                StorageOperation.Zero zero => (zero.Offset, new byte[zero.Length]),
                _ => throw new InvalidDataException($"{operation} writes nothing"),
            };
            Assert.True(offset % Sector.Size == 0 && data.Length % Sector.Size == 0, $"{operation} is not whole sectors");
            for (var at = 0; at < data.Length; at += Sector.Size)
                yield return new Sector((offset + at) / Sector.Size, data[at..(at + Sector.Size)]);
        }
    }
}
