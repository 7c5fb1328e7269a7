namespace Sealdisk.Tests.Durability;

/// <summary>What a medium may hold after a power cut: files by name.</summary>
/// <param name="Files">By name.</param>
/// <param name="Lost">Of the writes beside the record's copies, the end of the first that is missing, wholly or in part; or
/// <see cref="int.MaxValue"/>.</param>
internal sealed record CrashState(IReadOnlyDictionary<string, StoredFile> Files, int Lost)
{
    /// <summary>The same for the same names and contents, and for no others.</summary>
    public ulong Key()
    {
        var key = 0UL;
        foreach (var (name, file) in Files)
        {
            var hash = name.Aggregate(14695981039346656037UL, (sum, letter) => (sum ^ letter) * 1099511628211);
            key += (file.Key + hash) * (hash | 1);
        }
        return key;
    }
}

/// <summary>One instant of a trace.</summary>
/// <param name="Line">The last line of the trace before it.</param>
/// <param name="After">What was done there.</param>
/// <param name="Promised">What was promised by then.</param>
/// <param name="Start">What was on the medium before the trace began.</param>
/// <param name="Certain">What was certainly on the medium.</param>
/// <param name="Possible">Everything that may have been.</param>
internal sealed record Instant(
    int Line,
    string After,
    Promised Promised,
    CrashState Start,
    CrashState Certain,
    IEnumerable<CrashState> Possible);

/// <summary>
/// Replays a trace of storage operations into all states that a power cut may leave, at every instant. What was written since the last sync
/// of its file may be there or not, sector by sector of 512 bytes where it is a copy of a record, each sector in any of the versions that
/// it was given. What was written elsewhere, by mkfs and the mounted filesystem, is there up to some point, the last write of it perhaps in
/// half, in whole pages, since those bytes are not the record's business; each such point comes with each choice of the record's sectors.
/// Changes of names were made or not, in any combination that is possible, until their folder is synced; sizes until their file is. A file
/// that will only be read under a later name counts once, whatever it holds.
/// </summary>
internal sealed class CrashModel
{
    private readonly IReadOnlyList<StorageOperation> _operations;
    private readonly Func<string, long, bool> _isRecord;
    private readonly Dictionary<string, StoredInode> _names = new(StringComparer.Ordinal);
    private readonly List<StoredInode> _inodes = [];
    private readonly List<(StorageOperation Change, StoredInode Inode)> _changes = [];
    private readonly CrashState _start;
    private Dictionary<string, StoredInode> _certain = new(StringComparer.Ordinal);

    /// <param name="before">The files before the trace began.</param>
    /// <param name="operations">The trace.</param>
    /// <param name="isRecord">Whether a sector of a file belongs to a copy of the record.</param>
    public CrashModel(
        IReadOnlyDictionary<string, byte[]> before,
        IReadOnlyList<StorageOperation> operations,
        Func<string, long, bool> isRecord)
    {
        _operations = operations;
        _isRecord = isRecord;
        foreach (var (name, content) in before)
            _inodes.Add(_names[name] = new StoredInode(content));
        _certain = new Dictionary<string, StoredInode>(_names, StringComparer.Ordinal);
        _start = Certain();
    }

    /// <summary>
    /// Every instant, folded: until the next sync ends, each operation adds to what may be on the medium and takes nothing away, so that
    /// the instant just before it has all states of those since the last one. To be enumerated once, and each instant before the next.
    /// </summary>
    public IEnumerable<Instant> Instants()
    {
        var (line, last, promised) = (0, "nothing", Promised.Nothing);
        // A sync counts when it has ended, everything else as soon as it has begun.
        foreach (var operation in _operations.OrderBy(
            operation => operation is StorageOperation.Sync or StorageOperation.SyncFolder ? operation.End : operation.Begin))
        {
            if (operation is StorageOperation.Sync or StorageOperation.SyncFolder)
                yield return At(line, last, promised);
            if (operation is StorageOperation.Promise promise)
                promised = promise.What;
            else
                Do(operation);
            (line, last) = (operation.End, operation.ToString());
        }
        yield return At(line, last, promised);
    }

    private void Do(StorageOperation operation)
    {
        switch (operation)
        {
            case StorageOperation.Create:
                _inodes.Add(_names[operation.File] = new StoredInode([]));
                _changes.Add((operation, _names[operation.File]));
                break;
            case StorageOperation.Rename rename:
                _changes.Add((operation, _names[rename.To] = _names[rename.File]));
                _names.Remove(rename.File);
                break;
            case StorageOperation.Unlink:
                _changes.Add((operation, _names[operation.File]));
                _names.Remove(operation.File);
                break;
            case StorageOperation.SyncFolder:
                _changes.Clear();
                _certain = new Dictionary<string, StoredInode>(_names, StringComparer.Ordinal);
                break;
            case StorageOperation.Sync sync:
                _names[operation.File].Sync(sync.Begin);
                break;
            default:
                _names[operation.File].Do(operation, index => _isRecord(operation.File, index));
                break;
        }
    }

    private Instant At(int line, string after, Promised promised) => new(line, after, promised, _start, Certain(), Possible());

    private CrashState Certain() =>
        new(_certain.ToDictionary(pair => pair.Key, pair => pair.Value.Certain, StringComparer.Ordinal), int.MaxValue);

    private IEnumerable<CrashState> Possible()
    {
        // Whole folders first, then for each what its files may hold.
        var folders = Enumerable.Range(0, 1 << _changes.Count).Select(NamesWith).OfType<Dictionary<string, StoredInode>>()
            .DistinctBy(
                names => string.Join(
                    '|',
                    names.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={_inodes.IndexOf(pair.Value)}")));
        foreach (var names in folders)
        {
            var inodes = names.Values.Distinct().ToArray();
            foreach (var choice in inodes.Select(inode => inode.Possible(IsRead(names, inode))).ToArray().Product())
            {
                var contents = inodes.Zip(choice).ToDictionary(pair => pair.First, pair => pair.Second);
                yield return new CrashState(
                    names.ToDictionary(pair => pair.Key, pair => contents[pair.Value].File, StringComparer.Ordinal),
                    choice.Select(version => version.Lost).Append(int.MaxValue).Min());
            }
        }
    }

    /// <summary>A name with a dot is one that nothing is ever read from.</summary>
    private static bool IsRead(Dictionary<string, StoredInode> names, StoredInode inode) =>
        names.Any(pair => pair.Value == inode && pair.Key[0] != '.');

    /// <summary>
    /// The names that are there if some of the changes since the last sync of the folder were made and others
    /// not; null where that cannot be.
    /// </summary>
    private Dictionary<string, StoredInode>? NamesWith(int mask)
    {
        var names = new Dictionary<string, StoredInode>(_certain, StringComparer.Ordinal);
        for (var i = 0; i < _changes.Count; i++)
        {
            if ((mask & (1 << i)) == 0)
                continue;
            var (change, inode) = _changes[i];
            switch (change)
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
}
