using Sealdisk.Configuration;
using Sealdisk.Filesystems;
using Sealdisk.Linux;
using Sealdisk.Records;

namespace Sealdisk.Lifecycle;

/// <summary>Would the next boot unlock it? Unseals and decrypts for real, in this process, and mounts nothing, writes nothing.</summary>
public static class VolumeCheck
{
    /// <summary>Checks one volume; returns what was verified.</summary>
    /// <exception cref="SealdiskException">The next boot would not unlock it: the same failure, with the same exit code, that it would meet.</exception>
    public static string Run(VolumeSpec spec)
    {
        var observed = Observer.Look(spec);
        if (observed.Record.Outcome is not RecordOutcome.Good { Record: var record } good)
        {
            var plan = Planner.For(spec, observed);
            throw plan.Refusal ?? SealdiskException.Failed($"cannot check {spec.Name}: it has not had its first boot yet", $"sealdisk up {spec.Name}");
        }
        // A plan for a volume that is down: what the next boot will find is the device, not today's mapping.
        var next = Planner.For(spec, observed with { Mapping = null, MountedAt = null, InTheWay = null, UsedBy = null });
        if (next.Refusal is { } refusal)
            throw refusal;

        using var key = new VolumeKey(spec, observed.Kind);
        key.Load(record);
        var verified = $"the key unseals ({record.KeySize} bytes, {record.Source.Text()})";
        if (record.State == VolumeState.Provisioning)
            return verified + "; its first boot was cut short and will be resumed";
        using var view = DecryptedView.Open(spec, record, key);
        VerifyFilesystem(spec, record, view);
        return verified + $", {record.Filesystem} {record.FilesystemUuid} is there"
            + (good.CopiesToRepair.Count > 0 ? $"; one copy of the record will be repaired: {good.Why}" : "");
    }

    private static void VerifyFilesystem(VolumeSpec spec, VolumeRecord record, DecryptedView view)
    {
        using var start = SecretBuffer.Allocate(FilesystemUuid.Window);
        view.ReadStart(start.Memory.Span);
        var found = FilesystemUuid.Read(record.Filesystem, start.Memory.Span);
        if (!string.Equals(found, record.FilesystemUuid, StringComparison.OrdinalIgnoreCase))
            throw SealdiskException.Refused(
                $"cannot vouch for {spec.Name}: its key unseals, but the decrypted volume holds {(found is null ? $"no {record.Filesystem}" : $"{record.Filesystem} {found}")}, and {record.FilesystemUuid} is recorded",
                "the data were overwritten, or the record belongs to another volume");
    }
}
