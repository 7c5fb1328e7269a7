using Sealdisk.Linux;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Keys and plaintext outside the volumes.</summary>
internal static class PlaintextChecks
{
    internal static IReadOnlyList<Check> All => [Swap, Keyrings, PlainFilesystems, CoreDumps];

    private static Check Swap { get; } = new(JudgeSwap)
    {
        Id = "swap",
        Group = CheckGroup.Volumes,
        Severity = Severity.High,
        Title = "Nothing is swapped to a disk in the clear",
        Attack = "Plaintext of the volumes and secrets of programs are in the memory of programs, and so reach the swap area and "
            + "stay there.",
        Remedy = "Use no swap, zram, or swap on dm-crypt with a random key.",
        Reads = "/proc/swaps, and the device-mapper UUID of each area. A swap file is judged by the device that its filesystem is on.",
        Reference = "docs/threat-model.md",
    };

    private static Check Keyrings { get; } = new(JudgeKeyrings)
    {
        Id = "keyrings",
        Group = CheckGroup.Volumes,
        Severity = Severity.Low,
        Title = "No disk key is left in a keyring",
        Attack = "dm-crypt keeps its own copy, so a key that is left in a keyring helps only an attacker: root maps other disks "
            + "with it, or loads it into another mapping.",
        Remedy = "Unlink the key once the table is loaded: keyctl unlink, keyctl clear. Sealdisk does this.",
        Reads = "/proc/keys for keys of the types trusted, encrypted and logon. It shows only keys that the reader may view.",
        Reference = "keyrings(7)",
    };

    private static Check PlainFilesystems { get; } = new(JudgeFilesystems)
    {
        Id = "plain-filesystems",
        Group = CheckGroup.Volumes,
        Severity = Severity.Low,
        Title = "No writable filesystem on a disk is in the clear",
        Attack = "What programs write outside the volumes, such as logs, caches and copies, is in the clear on the same disk.",
        Remedy = "Mount them read-only, put /var and /tmp on a volume or in memory, or make them volumes.",
        Reads = "Filesystems in /proc/self/mountinfo that are on block devices, writable, and not on dm-crypt.",
        Reference = "docs/threat-model.md",
    };

    private static Check CoreDumps { get; } = new(JudgeCoreDumps)
    {
        Id = "core-dumps",
        Group = CheckGroup.Volumes,
        Severity = Severity.Low,
        Title = "Privileged programs leave no core dumps",
        Attack = "A core dump writes a program's memory, including plaintext and secrets, to a disk. Sealdisk's own processes "
            + "never leave one.",
        Remedy = "fs.suid_dumpable=0.",
        Reads = "fs.suid_dumpable.",
        Reference = "core(5), proc_sys_fs(5)",
    };

    private static Verdict JudgeSwap(AuditedSystem system)
    {
        var reading = system.Root.Read("/proc/swaps");
        if (!reading.Ok)
            return Unknown("swap areas cannot be read", Evidence.Of(reading));
        var areas = reading.Lines.Skip(1).Select(line => line.Split([' ', '\t'], 2)[0]).Where(area => area.Length > 0).ToArray();
        var clear = string.Join(", ", areas.Where(area => !IsEncrypted(system, area)));
        if (clear.Length > 0)
            return Fails($"{clear}: plaintext of the volumes is swapped to a disk in the clear", new Evidence(reading.Path, clear));
        return areas.Length == 0
            ? Holds("there is no swap", new Evidence(reading.Path, "none"))
            : Holds("swap is in memory or encrypted", new Evidence(reading.Path, string.Join(", ", areas)));
    }

    /// <summary>True for zram, dm-crypt, or a file on a filesystem on dm-crypt.</summary>
    private static bool IsEncrypted(AuditedSystem system, string area)
    {
        if (area.StartsWith("/dev/zram", StringComparison.Ordinal))
            return true;
        if (area.StartsWith("/dev/dm-", StringComparison.Ordinal))
            return system.Root.Read($"/sys/block/{area[5..]}/dm/uuid") is { Ok: true } uuid && IsCrypt(uuid.Text);
        if (area.StartsWith("/dev/", StringComparison.Ordinal))
            return false;
        var mount = system.Mounts?.Where(mount => IsBelow(area, mount.Target)).MaxBy(mount => mount.Target.Length);
        return mount is not null && IsCrypt(system.MapperUuid(mount.Device));
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(folder == "/" ? "/" : folder + "/", StringComparison.Ordinal);

    private static bool IsCrypt(string uuid) =>
        uuid.StartsWith("CRYPT-", StringComparison.Ordinal) && !uuid.StartsWith("CRYPT-VERITY-", StringComparison.Ordinal);

    private static Verdict JudgeKeyrings(AuditedSystem system)
    {
        var reading = system.Root.Read("/proc/keys");
        if (!reading.Ok)
            return Unknown("keyrings cannot be read", Evidence.Of(reading));
        // serial flags usage timeout permissions uid gid type description: payload
        var keys = reading.Lines.Select(line => line.Split((char[]?)null, 9, StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields is [_, _, _, _, _, _, _, "trusted" or "encrypted" or "logon", _])
            .Select(fields => $"{fields[7]} {fields[8].Split(": ")[0]}").ToArray();
        if (keys.Length == 0)
            return Holds(
                "no visible key is of type trusted, encrypted or logon", new Evidence(reading.Path, $"{reading.Lines.Length} keys"));
        var left = keys.Length == 1 ? "1 key is left in a keyring" : $"{keys.Length} keys are left in keyrings";
        return Fails($"{left}: {string.Join(", ", keys.Take(5))}", new Evidence(reading.Path, string.Join(", ", keys)));
    }

    private static Verdict JudgeFilesystems(AuditedSystem system)
    {
        if (system.Mounts is not { } mounts)
            return Unknown("it cannot be read what is mounted", new Evidence(AuditedSystem.MountsPath, "unreadable"));
        var plain = mounts.Where(mount => mount.Source.StartsWith("/dev/", StringComparison.Ordinal))
            .Where(mount => IsWritable(mount) && !IsEncrypted(system, mount)).DistinctBy(mount => mount.Source).ToArray();
        if (plain.Length == 0)
            return Holds(
                "no writable filesystem on a disk is in the clear", new Evidence(AuditedSystem.MountsPath, $"{mounts.Count} mounts"));
        var seen = plain.Select(mount => new Evidence(AuditedSystem.MountsPath, $"{mount.Target} is {mount.Type} on {mount.Source}, rw"));
        return Fails($"written in the clear: {string.Join(", ", plain.Select(mount => mount.Target))}", [.. seen]);
    }

    private static bool IsWritable(MountEntry mount) => HasOption(mount.Options, "rw") && HasOption(mount.SuperOptions, "rw");

    private static bool HasOption(string options, string option) => options.Split(',').Contains(option, StringComparer.Ordinal);

    /// <summary>True for dm-crypt, memory, or the loop device over one of our own served volumes.</summary>
    private static bool IsEncrypted(AuditedSystem system, MountEntry mount)
    {
        bool IsOn(string device) => mount.Source.StartsWith(device, StringComparison.Ordinal);
        if (IsOn("/dev/zram") || IsOn("/dev/ram") || IsCrypt(system.MapperUuid(mount.Device)))
            return true;
        return IsOn("/dev/loop")
            && system.Root.Read($"/sys/block/{mount.Source[5..]}/loop/backing_file") is { Ok: true } backing
            && backing.Text.StartsWith("/run/sealdisk/", StringComparison.Ordinal);
    }

    private static Verdict JudgeCoreDumps(AuditedSystem system)
    {
        var (value, seen) = system.Sysctl("fs/suid_dumpable");
        return value switch
        {
            0 => Holds("privileged programs leave none", seen),
            { } => Fails("privileged programs leave core dumps", seen),
            _ => Unknown("fs.suid_dumpable cannot be read", seen),
        };
    }
}
