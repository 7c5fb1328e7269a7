using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;
using static Sealdisk.Audit.Device.Finding;

namespace Sealdisk.Audit.Device;

/// <summary>Volumes, their files, and what else holds keys or plaintext.</summary>
internal static class VolumeChecks
{
    private const int OthersMayWrite = Permissions.Mode0022;
    private const int OthersMayAnything = Permissions.Mode0077;

    internal static IEnumerable<Finding> Run(Look look)
    {
        var volumes = look.Volumes.All;
        return
        [
            ConfigurationOf(look),
            .. volumes.SelectMany(OfVolume),
            .. KeyUnique(volumes),
            .. FileModes(look),
            Swap(look), Keyrings(look), PlainFilesystems(look), CoreDumps(look),
        ];
    }

    private static Finding ConfigurationOf(Look look) => look.Volumes switch
    {
        { Problem: { } problem } => Unknown(Checks.Configuration, problem, look.Volumes.ConfigurationSeen),
        _ => Holds(Checks.Configuration, look.Volumes.ConfigurationSeen.What, look.Volumes.ConfigurationSeen),
    };

    private static IEnumerable<Finding> OfVolume(AuditedVolume volume) =>
        new[] { Source(volume), SealedClosed(volume), CipherOf(volume), Copies(volume), FirstBoot(volume), Discard(volume) }
            .Select(finding => finding with { Subject = volume.Spec.Name });

    private static Finding Source(AuditedVolume volume) => volume.Source switch
    {
        TrustSource.Soft => Fails(Checks.HardwareSource, "the key is sealed by software: it is as safe as the file with its HUK", volume.Seen),
        TrustSource.Auto => Unknown(Checks.HardwareSource, "which source will seal is decided at the first boot", volume.Seen),
        var source => Holds(Checks.HardwareSource, $"the key is sealed by {source.Text()}", volume.Seen),
    };

    private static Finding SealedClosed(AuditedVolume volume)
    {
        if (volume.Source == TrustSource.Soft)
            return NotApplicable(Checks.SealedClosed, "a software key knows no life cycle", volume.Seen);
        var seen = volume.Seen with { What = $"life cycle: {volume.Good?.LifeCycle}" };
        return volume.Good?.LifeCycle switch
        {
            null => Unknown(Checks.SealedClosed, "there is no record yet", volume.Seen),
            var text when text.StartsWith("closed", StringComparison.Ordinal) => Holds(Checks.SealedClosed, "the chip was closed when the key was sealed", seen),
            var text when text.StartsWith("open", StringComparison.Ordinal) => Fails(Checks.SealedClosed, "the chip was open when the key was sealed", seen),
            _ => Unknown(Checks.SealedClosed, "what the chip's life cycle was when the key was sealed is not recorded", seen),
        };
    }

    private static Finding CipherOf(AuditedVolume volume)
    {
        var seen = volume.Seen with { What = $"cipher {volume.Cipher}" };
        if (!CipherSpec.TryParse(volume.Cipher, out var cipher, out _))
            return Unknown(Checks.Cipher, $"the cipher {volume.Cipher} is not known", seen);
        return cipher!.Canonical switch
        {
            var name when name.EndsWith("-null", StringComparison.Ordinal) => Fails(
                Checks.Cipher, $"{name}: equal sectors encrypt to equal ciphertext", seen) with { Severity = Severity.High },
            "aes-xts-plain" => Fails(Checks.Cipher, "sectors are counted with 32 bits: tweaks repeat beyond 2 TiB", seen) with { Severity = Severity.Low },
            var name when name.Contains("-xts-", StringComparison.Ordinal) => Holds(Checks.Cipher, name, seen),
            var name when name.Contains("essiv", StringComparison.Ordinal) || name.Contains("eboiv", StringComparison.Ordinal) => Fails(
                Checks.Cipher, $"{name}: CBC lets an attacker flip chosen bits, at the price of a garbled block before them", seen) with { Severity = Severity.Low },
            "aes-cbc-plain" => Fails(Checks.Cipher, "aes-cbc-plain: IVs are the sector numbers, so chosen files are recognised in the ciphertext, and repeat beyond 2 TiB", seen),
            var name => Fails(Checks.Cipher, $"{name}: IVs are known beforehand, so chosen files are recognised in the ciphertext", seen),
        };
    }

    private static Finding Copies(AuditedVolume volume) => volume.Record?.Outcome switch
    {
        null => Unknown(Checks.RecordCopies, $"the record cannot be read: {volume.Seen.What}", volume.Seen),
        RecordOutcome.None => NotApplicable(Checks.RecordCopies, "there is no record yet", volume.Seen),
        RecordOutcome.Good { CopiesToRepair.Count: 0 } => Holds(Checks.RecordCopies, "both copies are good", volume.Seen),
        RecordOutcome.Good good => Fails(Checks.RecordCopies, good.Why!, volume.Seen),
        RecordOutcome.OtherVersion => Unknown(Checks.RecordCopies, volume.Seen.What, volume.Seen),
        _ => Fails(Checks.RecordCopies, volume.Seen.What, volume.Seen) with { Severity = Severity.High },
    };

    private static Finding FirstBoot(AuditedVolume volume) => volume.Record?.Outcome switch
    {
        RecordOutcome.Good { Record.State: VolumeState.Ready } => Holds(Checks.FirstBootDone, "the volume is ready", volume.Seen),
        RecordOutcome.Good => Fails(Checks.FirstBootDone, "the first boot was cut short", volume.Seen),
        RecordOutcome.None => Fails(Checks.FirstBootDone, "the first boot is yet to come", volume.Seen),
        _ => Unknown(Checks.FirstBootDone, "the record cannot be read", volume.Seen),
    };

    private static Finding Discard(AuditedVolume volume) => volume.Spec.Discard
        ? Fails(Checks.Discard, "discards show which sectors are in use", new Evidence("configuration", "discard = true"))
        : Holds(Checks.Discard, "discards are not passed on", new Evidence("configuration", "discard = false"));

    private static IEnumerable<Finding> KeyUnique(IReadOnlyList<AuditedVolume> volumes)
    {
        var keys = volumes.Where(volume => volume.Good is not null).GroupBy(volume => volume.Good!.Key.Text, StringComparer.Ordinal).ToArray();
        var shared = keys.Where(group => group.Count() > 1).ToArray();
        foreach (var group in shared)
            yield return Fails(
                Checks.KeyUnique, $"{string.Join(" and ", group.Select(volume => volume.Spec.Name))} have the same sealed key{(SameIvs(group) ? ", and the same IVs" : "")}",
                [.. group.Select(volume => volume.Seen)]);
        if (shared.Length == 0)
            yield return keys.Length > 1
                ? Holds(Checks.KeyUnique, $"{keys.Length} volumes have {keys.Length} different sealed keys", [.. keys.Select(group => group.First().Seen)])
                : NotApplicable(Checks.KeyUnique, "there are no two records to compare");
    }

    private static bool SameIvs(IEnumerable<AuditedVolume> volumes) => volumes.Select(volume => volume.Good!.Format.IvOffset).Distinct().Count() == 1;

    private static IEnumerable<Finding> FileModes(Look look)
    {
        var files = look.Volumes.All.SelectMany(volume => new[] { (Path: volume.Spec.RecordFile, Bad: OthersMayWrite), (Path: volume.Spec.Huk, Bad: OthersMayAnything) })
            .Prepend((Path: look.Volumes.ConfigurationSeen.What == "absent" ? null : look.Volumes.ConfigurationSeen.Path, Bad: OthersMayWrite))
            .Where(file => file.Path is not null).Distinct().ToArray();
        if (files.Length == 0)
            yield return NotApplicable(Checks.FileModes, "there is no configuration", look.Volumes.ConfigurationSeen);
        var evidence = new List<Evidence>();
        var unknown = new List<string>();
        foreach (var (path, bad) in files)
        {
            if (look.Root.OwnershipOf(path!) is not { } ownership)
            {
                unknown.Add(path!);
                continue;
            }
            var mode = new Evidence(path!, $"mode {Permissions.Text(ownership.Mode)}, owner {ownership.Uid}");
            if (ownership.Uid != 0 || (ownership.Mode & bad) != 0)
                yield return Fails(Checks.FileModes, ownership.Uid != 0 ? $"{path} belongs to user {ownership.Uid}, not to root" : $"others may {(bad == OthersMayWrite ? "write" : "read or write")} {path}", mode);
            else
                evidence.Add(mode);
        }
        if (unknown.Count > 0)
            yield return Unknown(Checks.FileModes, $"owner and mode of {string.Join(", ", unknown)} are not known");
        else if (files.Length > 0 && evidence.Count == files.Length)
            yield return Holds(Checks.FileModes, "root alone may change what volumes depend on", [.. evidence]);
    }

    private static Finding Swap(Look look)
    {
        var reading = look.Root.Read("/proc/swaps");
        if (!reading.Ok)
            return Unknown(Checks.Swap, "swap areas cannot be read", Look.Seen(reading));
        var areas = reading.Lines.Skip(1).Select(line => line.Split([' ', '\t'], 2)[0]).Where(area => area.Length > 0).ToArray();
        var clear = areas.Where(area => !IsEncrypted(look, area)).ToArray();
        if (clear.Length > 0)
            return Fails(Checks.Swap, $"{string.Join(", ", clear)}: plaintext of the volumes is swapped to a disk in the clear", new Evidence(reading.Path, string.Join(", ", clear)));
        return Holds(Checks.Swap, areas.Length == 0 ? "there is no swap" : "swap is in memory or encrypted", new Evidence(reading.Path, areas.Length == 0 ? "none" : string.Join(", ", areas)));
    }

    /// <summary>zram, dm-crypt, or a file on a filesystem on dm-crypt.</summary>
    private static bool IsEncrypted(Look look, string area)
    {
        if (area.StartsWith("/dev/zram", StringComparison.Ordinal))
            return true;
        if (area.StartsWith("/dev/dm-", StringComparison.Ordinal))
            return look.Root.Read($"/sys/block/{area[5..]}/dm/uuid") is { Ok: true } uuid && IsCrypt(uuid.Text);
        var mount = look.Mounts?.Where(mount => area.StartsWith(mount.Target == "/" ? "/" : mount.Target + "/", StringComparison.Ordinal)).MaxBy(mount => mount.Target.Length);
        return !area.StartsWith("/dev/", StringComparison.Ordinal) && mount is not null && IsCrypt(look.MapperUuid(mount.Device));
    }

    private static bool IsCrypt(string uuid) => uuid.StartsWith("CRYPT-", StringComparison.Ordinal) && !uuid.StartsWith("CRYPT-VERITY-", StringComparison.Ordinal);

    private static Finding Keyrings(Look look)
    {
        var reading = look.Root.Read("/proc/keys");
        if (!reading.Ok)
            return Unknown(Checks.Keyrings, "keyrings cannot be read", Look.Seen(reading));
        // serial flags usage timeout permissions uid gid type description: payload
        var keys = reading.Lines.Select(line => line.Split((char[]?)null, 9, StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields is [_, _, _, _, _, _, _, "trusted" or "encrypted" or "logon", _]).Select(fields => $"{fields[7]} {fields[8].Split(": ")[0]}").ToArray();
        return keys.Length > 0
            ? Fails(Checks.Keyrings, $"{keys.Length} key(s) are left in keyrings: {string.Join(", ", keys.Take(5))}", new Evidence(reading.Path, string.Join(", ", keys)))
            : Holds(Checks.Keyrings, "no trusted, encrypted or logon key among those that may be seen", new Evidence(reading.Path, $"{reading.Lines.Length} keys"));
    }

    private static Finding PlainFilesystems(Look look)
    {
        if (look.Mounts is not { } mounts)
            return Unknown(Checks.PlainFilesystems, "what is mounted cannot be read", new Evidence(Look.MountsPath, "unreadable"));
        var plain = mounts.Where(mount => mount.Source.StartsWith("/dev/", StringComparison.Ordinal) && IsWritable(mount) && !IsEncrypted(look, mount))
            .DistinctBy(mount => mount.Source).ToArray();
        return plain.Length > 0
            ? Fails(
                Checks.PlainFilesystems, $"written in the clear: {string.Join(", ", plain.Select(mount => mount.Target))}",
                [.. plain.Select(mount => new Evidence(Look.MountsPath, $"{mount.Target} is {mount.Type} on {mount.Source}, rw"))])
            : Holds(Checks.PlainFilesystems, "no writable filesystem on a disk is in the clear", new Evidence(Look.MountsPath, $"{mounts.Count} mounts"));
    }

    private static bool IsWritable(MountEntry mount) => HasOption(mount.Options, "rw") && HasOption(mount.SuperOptions, "rw");

    private static bool HasOption(string options, string option) => options.Split(',').Contains(option, StringComparer.Ordinal);

    /// <summary>dm-crypt, memory, or the loop device over one of our own served volumes.</summary>
    private static bool IsEncrypted(Look look, MountEntry mount)
    {
        if (mount.Source.StartsWith("/dev/zram", StringComparison.Ordinal) || mount.Source.StartsWith("/dev/ram", StringComparison.Ordinal) || IsCrypt(look.MapperUuid(mount.Device)))
            return true;
        return mount.Source.StartsWith("/dev/loop", StringComparison.Ordinal)
            && look.Root.Read($"/sys/block/{mount.Source[5..]}/loop/backing_file") is { Ok: true } backing && backing.Text.StartsWith("/run/sealdisk/", StringComparison.Ordinal);
    }

    private static Finding CoreDumps(Look look)
    {
        var (value, seen) = look.Sysctl("fs/suid_dumpable");
        return value switch
        {
            0 => Holds(Checks.CoreDumps, "privileged programs leave none", seen),
            { } => Fails(Checks.CoreDumps, "privileged programs leave core dumps", seen),
            _ => Unknown(Checks.CoreDumps, "fs.suid_dumpable cannot be read", seen),
        };
    }
}
