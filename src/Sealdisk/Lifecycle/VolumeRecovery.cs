using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// A volume whose device is gone, opened with its recovery key: on another machine, by the key that was wrapped for it at its first boot.
/// Sealed to that machine from then on, or decrypted into a plain image with nothing changed.
/// </summary>
public static class VolumeRecovery
{
    /// <summary>
    /// Seals the volume's key to this device, as <see cref="VolumeRotation"/> does: proven on the data, then written, the old record
    /// last.
    /// </summary>
    /// <param name="spec">The volume, with the source that is to seal it from now on.</param>
    /// <param name="keyPath">The file with the recovery key; "-" is standard input.</param>
    /// <exception cref="SealdiskException">Nothing was changed: it is in use, or has no recovery (1), it is not a recovery key (2), the
    /// record cannot be relied on (3), it is another recovery key (4), or the kernel lacks something (5).</exception>
    public static VolumeRotation.Result Reseal(VolumeSpec spec, string keyPath)
    {
        var act = $"recover {spec.Name}";
        Capabilities.RequireMounting(act);
        using var secret = RecoveryKey.Read(keyPath);
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        var observed = Observer.Look(spec);
        VolumeRotation.RequireDown(spec, observed, act);
        var old = RecordOf(spec, observed, act);
        if (observed.Lacking is var (lacking, remedy))
            throw SealdiskException.Lacking($"cannot {act}: {lacking}", remedy);
        var to = observed.Source ?? spec.Source;
        using var key = Open(spec, old, secret, act);
        Prove(spec, old, key, act);
        var record = VolumeRotation.Resealed(old, to, KeyFor(spec with { Source = to }, key, old));
        return VolumeRotation.Commit(spec with { Source = to }, record, observed.Kind, act);
    }

    /// <summary>Decrypts the volume into a new file; changes nothing of the volume.</summary>
    /// <param name="spec">The volume; neither its source nor its HUK counts.</param>
    /// <param name="keyPath">The file with the recovery key; "-" is standard input.</param>
    /// <param name="output">A file that does not exist.</param>
    /// <param name="begin">Told the bytes to come, once all is proven and before the first is written; returns what is told the bytes
    /// done so far, from any thread.</param>
    /// <returns>Bytes written.</returns>
    public static long Decrypt(VolumeSpec spec, string keyPath, string output, Func<long, Action<long>> begin)
    {
        var act = $"recover {spec.Name}";
        using var secret = RecoveryKey.Read(keyPath);
        var observed = Observer.Look(spec);
        VolumeRotation.RequireDown(spec, observed, act);
        var record = RecordOf(spec, observed, act);
        using var key = Open(spec, record, secret, act);
        Prove(spec, record, key, act);
        if (DurableFile.IsTaken(output))
            throw SealdiskException.Refused($"cannot write {output}: it exists (EEXIST)", "name another file");
        using var input = FileDescriptor.Open(spec.Device, OpenFlags.Read);
        using var plain = FileDescriptor.Open(output, OpenFlags.Write | OpenFlags.Create | OpenFlags.Exclusive, Permissions.Mode0600);
        var length = record.Format.Length.Bytes.Count;
        try
        {
            record.Format.Transform(input, record.Format.Offset, plain, key, encrypt: false, begin(length));
        }
        catch (LinuxException)
        {
            // Half an image looks like a whole one.
            DirectoryEntries.Unlink(output);
            throw;
        }
        return length;
    }

    private static VolumeRecord RecordOf(VolumeSpec spec, Observed observed, string act)
    {
        if (observed.Record.Outcome is not RecordOutcome.Good { Record: var record })
            throw Planner.For(spec, observed with { Lacking = null }).Refusal ?? SealdiskException.Failed(
                $"cannot {act}: it has not had its first boot yet", $"sealdisk up {spec.Name}");
        // Its source is not here; what else the configuration says must still agree.
        var there = observed with { Lacking = null, Source = record.Source };
        if (Planner.For(spec with { Source = record.Source }, there).Refusal is { } refusal)
            throw refusal;
        if (record.State == VolumeState.Provisioning)
            throw SealdiskException.Failed($"cannot {act}: its first boot never finished, and there are no data");
        if (record.Key is SealedKey.TwoLevel { Recovery: not null })
            return record;
        throw SealdiskException.Failed(
            $"cannot {act}: its key was not wrapped for a recovery key",
            record.Key.Kind == KeyKind.Trusted
                ? "a trusted key cannot be recovered: it opens only in the device that sealed it"
                : "'recovery' was not in the configuration at its first boot, nor at a rotation since");
    }

    private static SecretBuffer Open(VolumeSpec spec, VolumeRecord record, SecretBuffer secret, string act)
    {
        var wrap = ((SealedKey.TwoLevel)record.Key).Recovery!;
        var (wanted, given) = (wrap.KeyId, RecoveryKey.IdOf(RecoveryKey.PublicBytes(secret)));
        if (wanted != given)
            throw SealdiskException.DoesNotOpen(
                $"cannot {act}: its key was wrapped for recovery key {wanted}, and this is {given}",
                "find the recovery key whose public half was in the configuration");
        var key = wrap.Unwrap(secret)
            ?? throw SealdiskException.DoesNotOpen(
                $"cannot {act}: what was wrapped for recovery key {given} does not open: it was altered",
                $"'sealdisk record import {spec.Name} FILE' restores the record from a backup");
        if (key.Length == record.Format.KeySize)
            return key;
        key.Dispose();
        throw SealdiskException.Refused(
            $"cannot {act}: what was wrapped is a key of {key.Length} bytes, and the record says {record.Format.KeySize}",
            "nothing was changed; is it the record of another volume?");
    }

    /// <summary>The recorded filesystem is there under that key, or nothing is written.</summary>
    private static void Prove(VolumeSpec spec, VolumeRecord record, SecretBuffer key, string act)
    {
        using var start = SecretBuffer.Allocate(Superblock.Window);
        using var volume = record.Format.Decrypt(FileDescriptor.Open(spec.Device, OpenFlags.Read), key);
        volume.Read(0, start.Memory.Span[..(int)Math.Min(start.Length, volume.Size)]);
        var found = Superblock.Read(record.Filesystem, start.Memory.Span)?.Uuid;
        if (!string.Equals(found, record.FilesystemUuid, StringComparison.OrdinalIgnoreCase))
            throw SealdiskException.Refused(
                $"cannot {act}: the recovery key opens, but the decrypted volume does not hold {record.Filesystem} {record.FilesystemUuid}",
                "nothing was changed; the data were overwritten, or the record belongs to another volume");
    }

    /// <summary>Sealed here; the recovery key that was used stays good for it.</summary>
    private static SealedKey KeyFor(VolumeSpec spec, SecretBuffer key, VolumeRecord old)
    {
        using var source = KeySources.Of(spec);
        var made = source.Seal(key, KeySources.RequestFor(spec, null) with { Size = old.Format.KeySize, Recovery = null });
        return made is SealedKey.TwoLevel two ? two with { Recovery = ((SealedKey.TwoLevel)old.Key).Recovery } : made;
    }
}
