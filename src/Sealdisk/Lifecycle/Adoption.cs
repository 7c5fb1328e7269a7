using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// A volume that was made by hand, with keyctl, dmsetup and mkfs, gets a record and is Sealdisk's from then on. Its data are not touched.
/// </summary>
public static class Adoption
{
    /// <summary>
    /// Unseals the blob, decrypts the device as the configuration says, and only if the configured filesystem is found there writes the
    /// record: both copies 'ready', synced and read back. A cut on the way leaves no record, one copy of a whole one, or a claim with
    /// which the next adoption goes on; whatever it is, the volume is as it was.
    /// </summary>
    /// <param name="spec">The volume as configured.</param>
    /// <param name="blobPath">Its sealed key; on two levels the text of an encrypted key.</param>
    /// <param name="rootPath">On two levels, the sealed root key; else null.</param>
    /// <exception cref="SealdiskException">There is a record already, or no such filesystem under that key (3); the key does not open
    /// here (4).</exception>
    public static VolumeRecord Run(VolumeSpec spec, string blobPath, string? rootPath)
    {
        var act = $"adopt {spec.Name}";
        var sealedKey = KeyFrom(spec, blobPath, rootPath, act);
        if (spec.Source.IsKernel())
            Capabilities.RequireMounting(act);
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        var observed = Observer.Look(spec);
        RequireAdoptable(spec, observed, act);
        using (var source = KeySources.Of(spec, observed.Source ?? spec.Source))
            sealedKey = sealedKey with { Binding = source.CurrentBinding() };
        var record = NewRecord.Of(spec, observed, sealedKey);
        using (var key = new VolumeKey(spec, observed.Kind))
        {
            key.Load(record);
            using var view = DecryptedView.Open(spec, record, key);
            using var start = SecretBuffer.Allocate(Superblock.Window);
            view.ReadStart(start.Memory.Span);
            record = record with
            {
                FilesystemUuid = spec.Filesystem.ReadSuperblock(start.Memory.Span)?.Uuid ?? throw SealdiskException.Refused(
                    $"cannot {act}: the key unseals, but {spec.Device} does not decrypt to {spec.Filesystem}",
                    "the table it was made with has another cipher, key-size, "
                    + $"sector-size ({record.Format.Layout.SectorSize} here) or offset (sector {record.Format.Offset} here), "
                    + "or the blob is another volume's; nothing was changed"),
            };
        }
        var store = Observer.StoreOf(spec);
        store.Write(record, ClaimKind.Adoption);
        return store.Read().Outcome is RecordOutcome.Good { CopiesToRepair.Count: 0, Record: var back } && back == record
            ? record
            : throw SealdiskException.Failed(
                $"cannot write the record of {spec.Name}: what reads back is not what was written",
                "the medium may be failing; the volume itself was not touched");
    }

    private static SealedKey KeyFrom(VolumeSpec spec, string blobPath, string? rootPath, string act)
    {
        if ((spec.Key == KeyKind.Encrypted) != rootPath is not null)
            throw SealdiskException.Usage(
                $"cannot {act}: its key is \"{spec.Key.Text()}\", and {(rootPath is null ? "no" : "a")} root key is given",
                "a key of type encrypted needs --root FILE, the sealed root key, and key = \"encrypted\" in the configuration; "
                + "a trusted key needs neither");
        // If it was made by hand, a process may have had it; a key of a kernel source that is on one level cannot have been.
        var made = spec.Source.IsKernel() && rootPath is null ? KeyCustody.Kernel : KeyCustody.Process;
        return rootPath is null
            ? new SealedKey.Trusted(SealedBlob.Read(blobPath)) { Made = made }
            : new SealedKey.TwoLevel(SealedBlob.Read(rootPath), EncryptedKeyFile.Read(blobPath)) { Made = made };
    }

    private static void RequireAdoptable(VolumeSpec spec, Observed observed, string act)
    {
        if (observed.Lacking is var (problem, remedy))
            throw SealdiskException.Lacking($"cannot {act}: {problem}", remedy);
        if (observed.DeviceSize is not { } size)
            throw SealdiskException.Usage($"cannot {act}: {spec.Device} does not exist (ENOENT)");
        if (observed.Mapping is { } mapping)
            throw SealdiskException.Failed(
                $"cannot {act}: a mapping of that name is open and decrypts {mapping.Device} (EBUSY)", $"sealdisk map close {spec.Name}");
        if (observed.NameTaken is { } taken)
            throw SealdiskException.Failed(
                $"cannot {act}: there is {taken} (EBUSY)", $"unmount it and remove it first: dmsetup remove {spec.Name}");
        if (observed.UsedBy is { } user)
            throw SealdiskException.Failed(
                $"cannot {act}: {spec.Device} is in use: {user} (EBUSY)", "unmount it, and remove its mapping and loop device first");
        if (observed.Unreachable is var (away, mount))
            throw SealdiskException.Failed($"cannot {act}: {away}", mount);
        if (observed.Record.Outcome is not RecordOutcome.None { Claimed: false } && !observed.Record.IsAdoption)
            throw SealdiskException.Refused(
                $"cannot {act}: {spec.RecordFile ?? $"the header of {spec.Device}"} holds a record already",
                "sealdisk status shows what it says; nothing was changed");
        if (Geometry.Problem(spec, size) is { } tooSmall)
            throw SealdiskException.Usage($"cannot {act}: {tooSmall}");
        if (spec.RecordFile is null)
            RequireRoomForHeader(spec, observed.Record.IsAdoption, act);
        else if (!Directory.Exists(Path.GetDirectoryName(spec.RecordFile)))
            throw SealdiskException.Failed(
                $"cannot {act}: there is no directory {Path.GetDirectoryName(spec.RecordFile)} (ENOENT)",
                $"mkdir -p {Path.GetDirectoryName(spec.RecordFile)}");
    }

    /// <summary>A header may only go where nothing is: in front of data that begin at sector 2048.</summary>
    private static void RequireRoomForHeader(VolumeSpec spec, bool isBegun, string act)
    {
        using var device = FileDescriptor.Open(spec.Device, OpenFlags.Read);
        var header = new byte[RecordStore.HeaderSectors.Bytes.Count];
        var read = device.ReadAt(header, 0);
        if (isBegun)
            RecordStore.ClearCopies(header);
        if (read < header.Length || header.AsSpan().ContainsAnyExcept((byte)0))
            throw SealdiskException.Refused(
                $"cannot {act}: the first MiB of {spec.Device} is not blank, so there is no room for a record in its header",
                "set record to a file; the volume then stays as dmsetup knows it, from its first sector on");
    }
}
