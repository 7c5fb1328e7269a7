using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Discards a volume for good: both copies of its record and so the sealed key, and with it the data. Afterwards the device is blank to a
/// first boot. Power fails in between: while a copy of the record is whole the volume is as it was; after that it is refused until it is
/// erased again.
/// </summary>
public static class VolumeErase
{
    /// <summary>What came of it, for people.</summary>
    /// <param name="Done">What was destroyed; empty if the device was blank already.</param>
    /// <param name="Remains">What no program can promise to have destroyed.</param>
    public sealed record Result(IReadOnlyList<string> Done, IReadOnlyList<string> Remains);

    /// <summary>Looks whether the volume may be erased, and says in a few words what would be lost.</summary>
    /// <exception cref="SealdiskException">It is in use (1); what is there is no volume of this Sealdisk's (3).</exception>
    public static string Describe(VolumeSpec spec) => Describe(spec, Observer.Look(spec));

    /// <summary>Erases a volume. The caller has asked for its name.</summary>
    /// <exception cref="SealdiskException">As <see cref="Describe(VolumeSpec)"/>, nothing was changed; or the device refused a write
    /// (1).</exception>
    /// <exception cref="LinuxException">A system call failed.</exception>
    public static Result Run(VolumeSpec spec)
    {
        Capabilities.RequireMounting($"erase {spec.Name}");
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        var observed = Observer.Look(spec);
        Describe(spec, observed);
        if (observed is { Content: Content.Blank, Record.Outcome: RecordOutcome.None { Claimed: false } })
            return new Result([], []);
        var done = new List<string>();
        Observer.StoreOf(spec).Destroy();
        done.Add(
            spec.RecordFile is { } file
                ? $"overwrote and removed {file}, with the sealed key in it"
                : "overwrote both copies of the record, with the sealed key in them");
        if (observed.DeviceSize is { } size)
            Blank(spec, size, done);
        return new Result(done, Remains(spec).ToArray());
    }

    private static string Describe(VolumeSpec spec, Observed observed)
    {
        if (observed.Mapping is not null)
            throw SealdiskException.Failed(
                $"cannot erase {spec.Name}: the volume is in use{(observed.MountedAt is { } mount ? $", mounted on {mount}" : "")} (EBUSY)",
                $"sealdisk down {spec.Name}");
        if (observed.UsedBy is { } user)
            throw SealdiskException.Failed($"cannot erase {spec.Name}: {spec.Device}: {user} (EBUSY)", "release it first");
        if (observed.Unreachable is var (problem, remedy))
            throw SealdiskException.Failed($"cannot erase {spec.Name}: {problem}", remedy);
        if (observed.DeviceSize is null && (spec.RecordFile is null || observed.Record.Outcome is RecordOutcome.None))
            throw SealdiskException.Failed($"cannot erase {spec.Name}: {spec.Device} does not exist (ENOENT)");
        return (observed.Record.Outcome, observed.Content) switch
        {
            (RecordOutcome.OtherVersion other, _) => throw SealdiskException.Refused(
                $"cannot erase {spec.Name}: its record has {RecordFormat.Describe(other.Version)}", "use the Sealdisk that wrote it"),
            (RecordOutcome.Good good, _) =>
                $"volume {good.Record.Uuid:D} on {spec.Device}, "
                + (good.Record.FilesystemUuid is { } uuid ? $"with {good.Record.Filesystem} {uuid}" : "which never held data"),
            (RecordOutcome.Damaged, _) => $"a volume on {spec.Device} whose record is damaged",
            (_, Content.PlainFilesystem plain) => throw NoVolume(spec, plain.Signature.Description),
            (_, Content.Other { IsUnknown: false } other) => throw NoVolume(spec, other.Description),
            (_, Content.Blank) => $"{spec.Device}, which is blank",
            _ => $"{spec.Device}, which has no record and is not blank",
        };
    }

    private static SealdiskException NoVolume(VolumeSpec spec, string what) =>
        SealdiskException.Refused(
            $"cannot erase {spec.Name}: {spec.Device} has no record and holds {what}",
            "this is not a Sealdisk volume; if you do not need it, wipefs(8) removes it");

    /// <summary>Tells the device that all of it is free, then makes sure that it reads as blank wherever a first boot looks.</summary>
    private static void Blank(VolumeSpec spec, long size, List<string> done)
    {
        using var device = FileStatus.Of(spec.Device).Kind == FileKind.BlockDevice
            ? BlockDevice.OpenExclusive(spec.Device, OpenFlags.ReadWrite)
            : FileDescriptor.Open(spec.Device, OpenFlags.ReadWrite);
        done.Add(
            Discard(spec, device, size)
                ? $"discarded the whole of {spec.Device}"
                : $"{spec.Device} does not support discards; its encrypted data stay in place, without their key");
        var spots = BlankSpots.Of(size, spec.RecordFile is null).ToArray();
        Span<byte> zeros = stackalloc byte[4096];
        zeros.Clear();
        foreach (var (offset, length) in spots)
        {
            for (var at = 0; at < length; at += zeros.Length)
                device.WriteAt(zeros[..Math.Min(zeros.Length, length - at)], offset + at);
        }
        device.Sync();
        device.DropCache();
        if (!spots.All(spot => BlankSpots.IsErased(device, spot.Offset, spot.Length)))
            throw SealdiskException.Failed(
                $"cannot erase {spec.Name}: {spec.Device} does not read as zeros where zeros were written; its record is destroyed anyway",
                "the medium may be failing");
        done.Add(
            $"overwrote {(spec.RecordFile is null ? "the header, " : "")}the beginning, the end and places between, "
            + "so that the device is blank to a first boot");
    }

    private static bool Discard(VolumeSpec spec, FileDescriptor device, long size)
    {
        try
        {
            if (device.Status().Kind == FileKind.BlockDevice)
                BlockDevice.Discard(device, ByteCount.Zero, new ByteCount(size));
            else if (spec.Discard)
                device.PunchHole(0, size);
            else
                device.ZeroRange(0, size); // its space stays reserved, as on the day it was made
            return true;
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EOPNOTSUPP or Errno.EINVAL or Errno.EIO)
        {
            return false;
        }
    }

    private static IEnumerable<string> Remains(VolumeSpec spec)
    {
        yield return "a backup of the record, or an older copy of the disk, "
            + "can still open on this device what is left of the data on the medium: destroy those too"
            + (!spec.Source.IsKernel() ? ", or the HUK file if no other volume needs it" : "");
        yield return "flash media may keep older copies of the record and of the data in spare blocks: "
            + "only the device itself can clear those (a secure discard, or its own sanitize command)";
        if (FileStatus.TryOf(spec.Device)?.Kind == FileKind.Regular)
            yield return $"{spec.Device} is a file: snapshots, copies and journals of its filesystem may hold older content";
    }
}
