using Sealdisk.Linux;

namespace Sealdisk.Volumes.Records;

/// <content>Everything that changes a record. What a power cut leaves at each instant is in docs/record-format.md.</content>
public sealed partial class RecordStore
{
    /// <summary>
    /// Writes both copies: first the one that is missing, bad or older, then, once that is proven to be on the medium, the
    /// other. Power fails in between: the new record is read from one copy, the old one is repaired. The first record of a device is
    /// announced by a claim, see <see cref="RecordFormat.WriteClaim"/>. Writing again what is there already is allowed.
    /// </summary>
    /// <param name="record">What both copies will be.</param>
    /// <param name="kind">Who writes it, if it is the first.</param>
    /// <exception cref="SealdiskException">Refused, nothing written: there is a record that is damaged, from a later Sealdisk, of
    /// another volume or not older than this one, or the detached file holds something else. Failed: the message says which copy, why, and
    /// what the other one holds.</exception>
    /// <exception cref="LinuxException">The device or file cannot be opened, or a new file not be made; nothing was changed.</exception>
    /// <exception cref="ArgumentException">The record itself is impossible; nothing was changed.</exception>
    public void Write(VolumeRecord record, ClaimKind kind = ClaimKind.FirstBoot)
    {
        var block = Block(record);
        if (CanCreate())
        {
            Create(block);
            return;
        }

        using var file = FileDescriptor.Open(_path, OpenFlags.ReadWrite);
        var reading = Read(file);
        var isAdoption = kind == ClaimKind.Adoption && reading.IsAdoption;
        if (!isAdoption)
            RefuseLoss(reading, record);
        if (isAdoption || reading.Outcome is RecordOutcome.None)
            Claim(file, kind);
        WriteBoth(file, reading, block, record.Generation);
    }

    /// <summary>
    /// Writes both copies of a record that comes from a backup, over whatever is there, also over a newer one: the caller has seen to it
    /// that it is the volume's own. Power fails in between: the old record, the new one, or neither; never a new first boot.
    /// </summary>
    /// <exception cref="SealdiskException">
    /// As <see cref="Write"/>; refused only if the detached file holds something else than a record.
    /// </exception>
    /// <exception cref="LinuxException">As <see cref="Write"/>.</exception>
    public void Restore(VolumeRecord record)
    {
        var block = Block(record);
        if (CanCreate())
        {
            Create(block);
            return;
        }
        using var file = FileDescriptor.Open(_path, OpenFlags.ReadWrite);
        var reading = Read(file);
        RefuseForeign(reading);
        WriteBoth(file, reading, block, record.Generation);
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
        Repair(good.Record, good.CopiesToRepair);
    }

    /// <summary>Writes a record over some of the copies (0 is A, 1 is B), of which at least one is left to hold it already.</summary>
    /// <exception cref="SealdiskException">As above.</exception>
    /// <exception cref="LinuxException">As above.</exception>
    public void Repair(VolumeRecord record, IReadOnlyList<int> copies)
    {
        if (copies.Count == 0)
            return;
        var block = Block(record);
        using var file = FileDescriptor.Open(_path, OpenFlags.ReadWrite);
        foreach (var copy in copies)
            WriteCopy(file, copy, block, $"copy {Letter(1 - copy)} holds generation {record.Generation}");
    }

    /// <summary>
    /// Overwrites both copies with zeros, proven to be on the medium, and removes a detached file. Power fails in between: a copy that is
    /// still whole is still the record; one that is not keeps its magic until there is nothing else left of it, so that it is known for
    /// what it was. Does nothing if a detached file is not there.
    /// </summary>
    /// <exception cref="SealdiskException">
    /// Refused: the detached file holds something else. Failed: a copy could not be overwritten.
    /// </exception>
    /// <exception cref="LinuxException">The device or file cannot be opened or removed.</exception>
    public void Destroy()
    {
        if (_detached)
            DirectoryEntries.Unlink(DurableFile.TemporaryName(_path));
        if (_detached && FileStatus.TryOf(_path) is null)
            return;
        using (var file = FileDescriptor.Open(_path, OpenFlags.ReadWrite))
        {
            RefuseForeign(Read(file));
            Clear(file, 1, "copy A was not touched");
            Clear(file, 0, "copy B is destroyed");
            if (file.Status().Kind != FileKind.Regular || !_detached)
                return;
        }
        DirectoryEntries.Unlink(_path);
        DirectoryEntries.SyncParent(_path);
    }

    private static byte[] Block(VolumeRecord record)
    {
        var block = new byte[RecordFormat.BlockSize];
        RecordFormat.Write(record, block);
        return block;
    }

    private void RefuseLoss(RecordReading reading, VolumeRecord record)
    {
        RefuseForeign(reading);
        var reason = reading.Outcome switch
        {
            RecordOutcome.OtherVersion other => $"it has {RecordFormat.Describe(other.Version)}",
            RecordOutcome.Damaged damaged => $"it is damaged: {damaged.Reason}",
            RecordOutcome.Good good when good.Record.Uuid != record.Uuid => $"it belongs to volume {good.Record.Uuid}",
            RecordOutcome.Good good when good.Record.Generation >= record.Generation && good.Record != record =>
                $"it has generation {good.Record.Generation}, and generation {record.Generation} would not be newer",
            _ => null,
        };
        if (reason is not null)
            throw SealdiskException.Refused($"cannot replace the record in {_path}: {reason}");
    }

    /// <summary>What a device held before its header is for the caller to judge; a file that is no record was named by mistake.</summary>
    private void RefuseForeign(RecordReading reading)
    {
        if (_detached && reading.IsForeign)
            throw SealdiskException.Refused(
                $"cannot use {_path} as a record: it holds something else", "name another file as the volume's 'record';"
                    + " or remove this one if it is not needed");
    }

    /// <summary>A detached file that is not there yet, or is there and empty, appears whole or not at all.</summary>
    private bool CanCreate() =>
        _detached
        && (FileStatus.TryOf(_path) is not { } status
            || (status is { Kind: FileKind.Regular, Size: <= DetachedLength } && Read().IsBlank));

    private void Create(byte[] block)
    {
        var both = new byte[DetachedLength];
        block.CopyTo(both, 0);
        block.CopyTo(both, RecordFormat.BlockSize);
        DurableFile.Create(_path, both, DetachedMode);
        using var file = FileDescriptor.Open(_path, OpenFlags.Read);
        for (var copy = 0; copy < 2; copy++)
        {
            if (!ReadsBack(file, Offset(copy), block))
                throw Unproven(copy, "the file is new");
        }
    }

    /// <summary>One sector, on the medium before the first byte of a copy is.</summary>
    private void Claim(FileDescriptor file, ClaimKind kind)
    {
        var claim = new byte[RecordFormat.ClaimSize];
        RecordFormat.WriteClaim(kind, claim);
        WriteCopy(file, 1, claim, "nothing else was written");
    }

    private void WriteBoth(FileDescriptor file, RecordReading reading, byte[] block, ulong generation)
    {
        var first = reading.Outcome is RecordOutcome.Good { CopiesToRepair: [var weaker, ..] } ? weaker : 0;
        WriteCopy(file, first, block, $"copy {Letter(1 - first)} {Holds(reading, 1 - first)}");
        WriteCopy(file, 1 - first, block, $"copy {Letter(first)} holds generation {generation}");
    }

    /// <summary>First what follows the sector that begins with the magic, then that sector, which is written whole or not at all.</summary>
    private void Clear(FileDescriptor file, int copy, string otherwise)
    {
        WriteCopy(file, copy, new byte[RecordFormat.BlockSize - RecordFormat.ClaimSize], otherwise, RecordFormat.ClaimSize);
        WriteCopy(file, copy, new byte[RecordFormat.ClaimSize], otherwise);
    }

    /// <summary>Written, synced, and read back from the medium rather than from the cache; from a byte of the copy on.</summary>
    private void WriteCopy(FileDescriptor file, int copy, byte[] bytes, string otherwise, int from = 0)
    {
        bool same;
        try
        {
            file.WriteAt(bytes, Offset(copy) + from);
            file.Sync();
            same = ReadsBack(file, Offset(copy) + from, bytes);
        }
        catch (LinuxException refused)
        {
            throw SealdiskException.Failed(
                $"cannot write copy {Letter(copy)} of the record in {_path}:"
                + $" {refused.Errno.Describe()} ({refused.Errno}); {otherwise}",
                inner: refused);
        }

        if (!same)
            throw Unproven(copy, otherwise);
    }

    private static bool ReadsBack(FileDescriptor file, long offset, byte[] bytes)
    {
        var back = new byte[bytes.Length];
        file.DropCache();
        return file.ReadAt(back, offset) == back.Length && back.AsSpan().SequenceEqual(bytes);
    }

    private SealdiskException Unproven(int copy, string otherwise) => SealdiskException.Failed(
        $"cannot write copy {Letter(copy)} of the record in {_path}: what was read back is not what was written; {otherwise}");

    private static string Holds(RecordReading reading, int copy) => (copy == 0 ? reading.A : reading.B) switch
    {
        CopyReading.Valid valid => $"still holds generation {valid.Record.Generation}",
        _ => "holds no record",
    };
}
