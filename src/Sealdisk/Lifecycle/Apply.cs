using System.Diagnostics;
using Sealdisk.Audit.Device;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Executes the steps of one plan, in order. Disposed without <see cref="Keep"/>, it closes what it opened.</summary>
internal sealed class Apply : IDisposable
{
    private readonly VolumeSpec _spec;
    private readonly Observed _observed;
    private readonly Claim _claim;
    private readonly RecordStore _store;
    private VolumeRecord? _record;
    private readonly VolumeKey _key;
    private SealedKey? _newKey;
    private MappingState? _mapping;
    private bool _opened;
    private bool _kept;

    /// <param name="claim">On the device; held, unless a mapping of the volume has it. The caller disposes it.</param>
    internal Apply(VolumeSpec spec, Observed observed, Claim claim)
    {
        _spec = spec;
        _observed = observed;
        _claim = claim;
        _store = Observer.StoreOf(spec);
        _record = (observed.Record.Outcome as RecordOutcome.Good)?.Record;
        _mapping = observed.Mapping;
        _key = new VolumeKey(spec, observed.Kind);
    }

    /// <summary>Does one step; returns a detail worth showing, or null.</summary>
    internal string? Do(Step step) => step switch
    {
        Step.CreateImage create => CreateImage(create.Path, create.Size),
        Step.ClearDeadMapping or Step.CloseMapping => ClearMapping(),
        Step.MeetRequirements => MeetRequirements(),
        Step.MakeParent => MakeParent(),
        Step.SealNewKey or Step.MakeTwoLevelKey => SealNewKey(),
        Step.WriteProvisioning => WriteProvisioning(),
        Step.RepairRecord repair => RepairRecord(repair.Reading),
        Step.Unseal unseal => Unseal(unseal.Record),
        Step.OpenMapping => OpenMapping(),
        Step.MakeFilesystem make => MakeFilesystem(make.Type),
        Step.WriteReady => WriteReady(),
        Step.VerifyFilesystem verify => VerifyFilesystem(verify),
        Step.VerifyUnused unused => VerifyUnused(unused.Type),
        Step.CheckFilesystem check => CheckFilesystem(check.Type),
        Step.Mount mount => MountOn(mount.Target, mount.Type),
        _ => throw new UnreachableException(),
    };

    /// <summary>All went well: what was opened stays open.</summary>
    internal void Keep() => _kept = true;

    public void Dispose()
    {
        _key.Dispose();
        if (_opened && !_kept)
            Mappings.Close(_spec.Name);
    }

    private VolumeRecord Record => _record ?? throw new InvalidOperationException("no record yet");

    private string BlockPath => _mapping?.BlockPath ?? throw new InvalidOperationException("no mapping yet");

    /// <summary>
    /// The image appears under its name only once its space is reserved and synced. With discard it stays sparse, since space given back
    /// could not be kept reserved anyway.
    /// </summary>
    private string? CreateImage(string path, ByteCount size)
    {
        var temporary = DurableFile.TemporaryName(path);
        DirectoryEntries.Unlink(temporary);
        try
        {
            using (var file = DirectoryEntries.CreateFile(temporary))
            {
                if (_spec.Discard)
                    file.Truncate(size.Count);
                else
                    Reserve(file, size);
                file.Sync();
            }
            DirectoryEntries.Rename(temporary, path);
        }
        catch (LinuxException)
        {
            DirectoryEntries.Unlink(temporary);
            throw;
        }
        DirectoryEntries.SyncParent(path);
        return null;
    }

    private static void Reserve(FileDescriptor file, ByteCount size)
    {
        try
        {
            file.Allocate(0, size.Count);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EOPNOTSUPP)
        {
            file.Truncate(size.Count); // a filesystem that cannot reserve: sparse, as truncate(1) would make it
        }
    }

    private string? ClearMapping()
    {
        var done = VolumeLifecycle.Unmount(_mapping!).ToList();
        Mappings.Close(_spec.Name);
        _mapping = null;
        _claim.TakeBack();
        return done.Count > 0 ? string.Join(", ", done) : null;
    }

    private string? MeetRequirements()
    {
        Gate.Check(_spec, new SystemRoot("/"), () => SealNew(null).Blob);
        return null;
    }

    private string? MakeParent()
    {
        TpmSealing.MakeParent(_spec.Tpm, $"the key of {_spec.Name}");
        return null;
    }

    private SealedKey SealNew(SharedRoot? under)
    {
        using var source = KeySources.Of(_spec, _observed.Source ?? _spec.Source);
        return source.Make(KeySources.RequestFor(_spec, under));
    }

    private string? SealNewKey()
    {
        _newKey = SealNew(_observed.SharedRoot);
        return null;
    }

    private string? WriteProvisioning()
    {
        // The image may have just been made: the sizes that count are those on the disk now.
        var observed = _observed.DeviceSize is null ? Observer.Look(_spec) : _observed;
        var record = NewRecord.Of(_spec, observed, _newKey!) with { State = VolumeState.Provisioning };
        if (_spec.RecordFile is { } file && !Directory.Exists(Path.GetDirectoryName(file)))
            throw SealdiskException.Failed(
                $"cannot write the record of {_spec.Name}: there is no directory {Path.GetDirectoryName(file)} (ENOENT)",
                $"mkdir -p {Path.GetDirectoryName(file)}");
        _store.Write(record);

        var back = _store.Read().Outcome as RecordOutcome.Good;
        if (back is not { CopiesToRepair.Count: 0 } || back.Record != record)
            throw SealdiskException.Failed(
                $"cannot write the record of {_spec.Name}: what reads back is not what was written", "the medium may be failing");
        // It opens, so it is the very key that was sealed: every trust source authenticates what it unseals.
        _key.Load(back.Record);
        _record = record;
        return $"volume {record.Uuid:D}";
    }

    /// <summary>
    /// A bad copy that cannot be rewritten keeps no volume down: the good one is there. One that is merely older must go, for it might
    /// one day speak for the volume.
    /// </summary>
    private string? RepairRecord(RecordReading reading)
    {
        try
        {
            _store.Repair(reading);
            return null;
        }
        catch (Exception problem) when (
            problem is SealdiskException or LinuxException && reading is not (A: CopyReading.Valid, B: CopyReading.Valid))
        {
            return $"not done; the other copy is now the only good one: {problem.Message}";
        }
    }

    private string? Unseal(VolumeRecord record)
    {
        try
        {
            _key.Load(record);
            return null;
        }
        catch (SealdiskException problem) when (problem.Code == ExitCode.DoesNotOpen && RestoresParent(record))
        {
            _key.Load(record);
            return "the TPM's parent key was gone, and was made again";
        }
    }

    /// <summary>Asks the TPM only about a key of its own: the answer takes it some time.</summary>
    private bool RestoresParent(VolumeRecord record) =>
        record.Source == TrustSource.Tpm && TpmProblem.RestoreParent(_spec.Tpm, record.Key.Binding);

    private string? OpenMapping()
    {
        _claim.Release();
        _mapping = _key.OpenMapping(VolumeRequest.From(_spec, Record));
        _opened = true;
        if (_mapping.Kind == MappingKind.Dm)
            return _mapping.BlockPath;
        var withoutDiscards = _spec.Discard && !_mapping.PassesDiscards ? "; discards are not passed on (needs Linux 6.10)" : "";
        return $"{_mapping.VolumePath} on {_mapping.BlockPath}{withoutDiscards}";
    }

    private string? MakeFilesystem(FilesystemType type)
    {
        var uuid = FilesystemTools.Make(type, BlockPath, _spec.Discard);
        using (var block = FileDescriptor.Open(BlockPath, OpenFlags.ReadWrite))
            block.Sync();
        _record = Record with { FilesystemUuid = uuid };
        return uuid;
    }

    private string? WriteReady()
    {
        _record = Record with { State = VolumeState.Ready, Generation = Record.Generation + 1 };
        _store.Write(_record);
        return null;
    }

    /// <summary>The recorded filesystem's own superblock tells; if it does not, the device is searched for what is there instead.</summary>
    private string? VerifyFilesystem(Step.VerifyFilesystem recorded)
    {
        using var start = ReadStart();
        var isThere = Is(recorded.Type.ReadSuperblock(start.Memory.Span)?.Uuid);
        if (!isThere)
        {
            var found = Signature.Probe(BlockPath);
            if (found.Type != recorded.Type.Name || !Is(found.Uuid))
                throw NotTheRecorded(recorded, found);
        }
        RecordProof.RequireRoom(_spec, Record, start.Memory.Span, "bring up");
        return null;

        bool Is(string? uuid) => string.Equals(uuid, recorded.Uuid, StringComparison.OrdinalIgnoreCase);
    }

    private SealdiskException NotTheRecorded(Step.VerifyFilesystem recorded, Signature found)
    {
        var uuid = found.Uuid is { } other ? $" {other}" : "";
        var raw = Signature.Probe(_spec.Device);
        var inTheClear = raw.IsPlainFilesystem
            ? $"; {_spec.Device} itself holds {raw.Description}, which is never mounted in its place"
            : "";
        return SealdiskException.Refused(
            $"cannot bring up {_spec.Name}: the mapping should hold {recorded.Type} {recorded.Uuid} "
            + $"and holds {found.Description}{uuid}{inTheClear}",
            "the data were overwritten, or the record belongs to another volume; nothing was changed");
    }

    /// <summary>
    /// The record says that nothing was ever mounted; if the volume itself knows better, the record is not believed.
    /// </summary>
    private string? VerifyUnused(FilesystemType type)
    {
        using var start = ReadStart();
        return type.ReadSuperblock(start.Memory.Span)?.LastMount is not { } mounted
            ? null
            : throw SealdiskException.Refused(
                $"cannot bring up {_spec.Name}: {RecordProof.OlderThanItsData} {mounted}",
                $"nothing was changed; 'sealdisk repair {_spec.Name}' makes the record agree with it");
    }

    /// <summary>
    /// An automounter may be quicker than we are; what it has mounted is not checked, as its journal has already been replayed.
    /// </summary>
    private string CheckFilesystem(FilesystemType type) => Mounts.Read().FirstOrDefault(_mapping!.Mounted) is { } mount
        ? $"not done: it was mounted on {mount.Target} meanwhile"
        : FilesystemTools.Check(type, BlockPath) ?? "clean";

    private SecretBuffer ReadStart()
    {
        var start = SecretBuffer.Allocate(Superblock.Window);
        using var block = FileDescriptor.Open(BlockPath, OpenFlags.Read);
        block.ReadAt(start.Memory.Span, 0);
        return start;
    }

    private string? MountOn(string target, FilesystemType type)
    {
        var options = _spec.MountOptions;
        MakeDirectories(target);
        try
        {
            Mounts.Mount(BlockPath, target, type.Name, options.Flags, options.Data);
        }
        catch (LinuxException problem) when (problem.Errno == Errno.ENODEV)
        {
            throw SealdiskException.Lacking(
                problem.Message, $"this kernel does not know {type}: load its module, or build the kernel with it");
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EINVAL && options.Words.Count > 0)
        {
            throw SealdiskException.Failed(
                problem.Message, $"{type} may not know one of the mount-options {string.Join(',', options.Words)}: see dmesg");
        }
        return null;
    }

    private static void MakeDirectories(string path)
    {
        if (FileStatus.TryOf(path) is not null)
            return;
        MakeDirectories(Path.GetDirectoryName(path)!);
        DirectoryEntries.MakeDirectory(path, Permissions.Mode0755);
    }
}
