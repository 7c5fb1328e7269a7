using System.Globalization;
using Sealdisk.Configuration;
using Sealdisk.Filesystems;
using Sealdisk.Linux;
using Sealdisk.Mapping;

namespace Sealdisk.Audit;

/// <summary>How much a finding matters.</summary>
public enum DoctorLevel
{
    /// <summary>It is there.</summary>
    Good,

    /// <summary>It is not there, and not everybody needs it.</summary>
    Note,

    /// <summary>Without it nothing can be mapped here.</summary>
    Missing,
}

/// <summary>One thing that this system can or cannot do.</summary>
/// <param name="Id">Stable, for scripts.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Text">A sentence with its evidence.</param>
/// <param name="Remedy">What to do, or null where nothing needs doing.</param>
public sealed record DoctorFinding(string Id, DoctorLevel Level, string Text, string? Remedy);

/// <summary>What this system can and cannot do; asks the kernel, never its version, and changes nothing.</summary>
public static class Doctor
{
    private static readonly string[] MakersOfFilesystems = ["mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "mkfs.f2fs", "mkfs.vfat"];

    /// <summary>All findings, in reading order.</summary>
    public static IReadOnlyList<DoctorFinding> Examine()
    {
        var findings = new List<DoctorFinding>
        {
            Of("root", CurrentProcess.HasCapability(Capability.SysAdmin), DoctorLevel.Missing,
                "this process may mount (CAP_SYS_ADMIN)", "this process may not mount: no CAP_SYS_ADMIN", "run it as root"),
            Of("fuse", IsThere("/dev/fuse"), DoctorLevel.Missing,
                "fuse mappings: /dev/fuse is there", "fuse mappings: no driver answers at /dev/fuse", "load the 'fuse' module (CONFIG_FUSE_FS)"),
            Of("loop", IsThere("/dev/loop-control"), DoctorLevel.Missing,
                "loop devices: /dev/loop-control is there", "loop devices: no driver answers at /dev/loop-control", "load the 'loop' module (CONFIG_BLK_DEV_LOOP)"),
            Tool("blkid", DoctorLevel.Missing, "install util-linux"),
        };
        findings.AddRange(MakersOfFilesystems.Select(maker => Tool(maker, DoctorLevel.Note, "only needed for volumes with that filesystem")));
        findings.Add(Of("device-mapper", IsThere("/dev/mapper/control"), DoctorLevel.Note,
            "device-mapper: /dev/mapper/control is there", "device-mapper: no driver answers at /dev/mapper/control",
            "dm mappings need CONFIG_BLK_DEV_DM and CONFIG_DM_CRYPT; fuse mappings do without"));
        findings.Add(KernelKeys());
        findings.Add(Aes());
        findings.Add(LockedMemory());
        findings.Add(Swap());
        return findings;
    }

    private static DoctorFinding Of(string id, bool there, DoctorLevel otherwise, string good, string bad, string remedy) =>
        there ? new DoctorFinding(id, DoctorLevel.Good, good, null) : new DoctorFinding(id, otherwise, bad, remedy);

    /// <summary>A node alone is no driver: opening one that nobody serves gives ENODEV or ENXIO.</summary>
    private static bool IsThere(string node)
    {
        try
        {
            FileDescriptor.Open(node, OpenFlags.ReadWrite).Dispose();
            return true;
        }
        catch (LinuxException problem)
        {
            return problem.Errno is not (Errno.ENOENT or Errno.ENODEV or Errno.ENXIO);
        }
    }

    private static DoctorFinding Tool(string name, DoctorLevel otherwise, string remedy) => SystemProgram.Find(name) is { } path
        ? new DoctorFinding(name, DoctorLevel.Good, $"{name}: {path}", null)
        : new DoctorFinding(name, otherwise, $"{name}: not on this system", remedy);

    private static DoctorFinding KernelKeys() => Capabilities.LackingFor(TrustSource.Auto, MappingKind.Auto) is var (problem, remedy)
        ? new DoctorFinding("trusted-keys", DoctorLevel.Note, $"hardware keys: {problem}", remedy)
        : new DoctorFinding("trusted-keys", DoctorLevel.Good, "hardware keys: the kernel has the 'trusted' key type", null);

    private static DoctorFinding Aes()
    {
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal)) ?? "";
        return Of("aes", flags.Split(' ').Contains("aes", StringComparer.Ordinal), DoctorLevel.Note,
            "AES instructions: this processor has them", "AES instructions: this processor has none; fuse mappings will be slow", "nothing to do: the software AES is used");
    }

    /// <summary>The limit does not bind root, but says what a service without CAP_IPC_LOCK would get.</summary>
    private static DoctorFinding LockedMemory() => Of("locked-memory", CurrentProcess.HasCapability(Capability.IpcLock), DoctorLevel.Note,
        "locked memory: without limit (CAP_IPC_LOCK)", "locked memory: limited by RLIMIT_MEMLOCK", "raise it (LimitMEMLOCK=infinity in a systemd unit)");

    private static DoctorFinding Swap()
    {
        var areas = File.Exists("/proc/swaps") ? File.ReadAllLines("/proc/swaps").Skip(1).Select(line => line.Split(' ', '\t')[0]).Where(area => !area.StartsWith("/dev/zram", StringComparison.Ordinal)).ToArray() : [];
        return Of("swap", areas.Length == 0, DoctorLevel.Note,
            "swap: none on disk", $"swap: {string.Join(", ", areas)} may hold what applications had in memory",
            string.Create(CultureInfo.InvariantCulture, $"encrypt {areas.Length} swap area(s), or use zram"));
    }
}
