using Sealdisk.Linux;

namespace Sealdisk.Records;

/// <summary>
/// Where the two copies of a volume's record lie: in the first MiB of its device, or in a file of their own. The copies are
/// written one after the other, each until it is proven to be on the medium, so that one good copy exists at every instant.
/// Not locked: the caller sees to it that one process at a time writes.
/// </summary>
public sealed class RecordStore
{
    /// <summary>Sectors of 512 bytes that a header takes; the encrypted data begins behind them.</summary>
    public const ulong HeaderSectors = 2048;

    private const long HeaderCopyB = 524288;
    private const int DetachedLength = 2 * RecordFormat.BlockSize;
    private const int DetachedMode = 0x180; // 0600: nothing secret, and nobody else's business

    private readonly string _path;
    private readonly bool _detached;

    private RecordStore(string path, bool detached)
    {
        _path = path;
        _detached = detached;
    }

    /// <summary>The record in a device's or image file's header: copy A at byte 0, copy B at byte 524288.</summary>
    public static RecordStore Header(string devicePath) => new(devicePath, detached: false);

    /// <summary>The record in a file of 8192 bytes: copy A at byte 0, copy B at byte 4096.</summary>
    public static RecordStore Detached(string file) => new(file, detached: true);

    /// <summary>Reads both copies, changing nothing. A detached file that does not exist is no record.</summary>
    /// <exception cref="LinuxException">The device or file cannot be opened or read.</exception>
    public RecordReading Read()
    {
        if (_detached && FileStatus.TryOf(_path) is null)
            return RecordReading.Nothing;
        using var file = FileDescriptor.Open(_path, OpenFlags.Read);
        return Read(file);
    }

    /// <summary>
    /// Writes both copies: first the one that is missing, bad or older, then, once that is proven to be on the medium, the
    /// other. Power fails in between: the new record is read from one copy, the old one is repaired. Writing again what is
    /// there already is allowed.
    /// </summary>
    /// <exception cref="SealdiskException">Refused, nothing written: there is a record that is damaged, from a later Sealdisk, of
    /// another volume or not older than this one. Failed: the message says which copy, why, and what the other one holds.</exception>
    /// <exception cref="LinuxException">The device or file cannot be opened or read, or a new file not be made; nothing was changed.</exception>
    /// <exception cref="ArgumentException">The record itself is impossible; nothing was changed.</exception>
    public void Write(VolumeRecord record)
    {
        var block = new byte[RecordFormat.BlockSize];
        RecordFormat.Write(record, block);
        if (_detached && FileStatus.TryOf(_path) is null)
        {
            Create(block);
            return;
        }

        using var file = FileDescriptor.Open(_path, OpenFlags.ReadWrite);
        var reading = Read(file);
        RefuseLoss(reading.Outcome, record);
        var first = reading.Outcome is RecordOutcome.Good { CopiesToRepair: [var weaker, ..] } ? weaker : 0;
        WriteCopy(file, first, block, $"copy {Letter(1 - first)} {Holds(reading, 1 - first)}");
        WriteCopy(file, 1 - first, block, $"copy {Letter(first)} holds generation {record.Generation}");
    }

    /// <summary>Writes the good record over the copies that <paramref name="reading"/> found missing, bad or older.</summary>
    /// <exception cref="SealdiskException">Failed: the message says which copy and why. The good copy was not touched.</exception>
    /// <exception cref="LinuxException">The device or file cannot be opened for writing; nothing was changed.</exception>
    /// <exception cref="ArgumentException">The reading has no good record.</exception>
    public void Repair(RecordReading reading)
    {
        ArgumentNullException.ThrowIfNull(reading);
        if (reading.Outcome is not RecordOutcome.Good good)
            throw new ArgumentException("cannot repair the record: neither copy is good");
        if (good.CopiesToRepair.Count == 0)
            return;
        var block = new byte[RecordFormat.BlockSize];
        RecordFormat.Write(good.Record, block);
        using var file = FileDescriptor.Open(_path, OpenFlags.ReadWrite);
        foreach (var copy in good.CopiesToRepair)
            WriteCopy(file, copy, block, $"copy {Letter(1 - copy)} holds generation {good.Record.Generation}");
    }

    private void RefuseLoss(RecordOutcome existing, VolumeRecord record)
    {
        var reason = existing switch
        {
            RecordOutcome.Newer newer => $"it has format {newer.Version}, written by a later Sealdisk",
            RecordOutcome.Damaged damaged => $"it is damaged: {damaged.Reason}",
            RecordOutcome.Good good when good.Record.Uuid != record.Uuid => $"it belongs to volume {good.Record.Uuid}",
            RecordOutcome.Good good when good.Record.Generation >= record.Generation && good.Record != record =>
                $"it has generation {good.Record.Generation}, and generation {record.Generation} would not be newer",
            _ => null,
        };
        if (reason is not null)
            throw SealdiskException.Refused($"cannot replace the record in {_path}: {reason}");
    }

    /// <summary>A new detached file appears whole or not at all.</summary>
    private void Create(byte[] block)
    {
        var both = new byte[DetachedLength];
        block.CopyTo(both, 0);
        block.CopyTo(both, RecordFormat.BlockSize);
        DurableFile.Create(_path, both, DetachedMode);
        using var file = FileDescriptor.Open(_path, OpenFlags.Read);
        for (var copy = 0; copy < 2; copy++)
        {
            if (!ReadsBack(file, copy, block))
                throw Unproven(copy, "the file is new");
        }
    }

    /// <summary>Written, synced, and read back from the medium rather than from the cache.</summary>
    private void WriteCopy(FileDescriptor file, int copy, byte[] block, string otherwise)
    {
        bool same;
        try
        {
            file.WriteAt(block, Offset(copy));
            file.Sync();
            same = ReadsBack(file, copy, block);
        }
        catch (LinuxException refused)
        {
            throw SealdiskException.Failed(
                $"cannot write copy {Letter(copy)} of the record in {_path}: {refused.Errno.Describe()} ({refused.Errno}); {otherwise}", inner: refused);
        }

        if (!same)
            throw Unproven(copy, otherwise);
    }

    private bool ReadsBack(FileDescriptor file, int copy, byte[] block)
    {
        var back = new byte[RecordFormat.BlockSize];
        file.DropCache();
        return file.ReadAt(back, Offset(copy)) == back.Length && back.AsSpan().SequenceEqual(block);
    }

    private RecordReading Read(FileDescriptor file)
    {
        var block = new byte[RecordFormat.BlockSize];
        var a = RecordFormat.Read(block.AsSpan(0, file.ReadAt(block, Offset(0))));
        var b = RecordFormat.Read(block.AsSpan(0, file.ReadAt(block, Offset(1))));
        return new RecordReading(a, b);
    }

    private SealdiskException Unproven(int copy, string otherwise) => SealdiskException.Failed(
        $"cannot write copy {Letter(copy)} of the record in {_path}: what was read back is not what was written; {otherwise}");

    private long Offset(int copy) => copy == 0 ? 0 : _detached ? RecordFormat.BlockSize : HeaderCopyB;

    private static char Letter(int copy) => copy == 0 ? 'A' : 'B';

    private static string Holds(RecordReading reading, int copy) => (copy == 0 ? reading.A : reading.B) switch
    {
        CopyReading.Valid valid => $"still holds generation {valid.Record.Generation}",
        _ => "holds no record",
    };
}
