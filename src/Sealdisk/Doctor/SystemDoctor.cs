using System.Globalization;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Doctor;

/// <summary>How much a finding matters.</summary>
public enum DoctorLevel
{
    /// <summary>It is there.</summary>
    Good,

    /// <summary>It is not there, and not everybody needs it.</summary>
    Note,

    /// <summary>Something that is configured, or that this hardware is there for, cannot work without it.</summary>
    Missing,
}

/// <summary>One thing that this system can or cannot do.</summary>
/// <param name="Id">Stable, for scripts.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Text">A sentence with its evidence.</param>
/// <param name="Remedy">What to do, or null where nothing needs doing.</param>
public sealed record DoctorFinding(string Id, DoctorLevel Level, string Text, string? Remedy)
{
    internal static DoctorFinding Of(string id, bool there, DoctorLevel otherwise, string good, string bad, string remedy) =>
        there ? Good(id, good) : new DoctorFinding(id, otherwise, bad, remedy);

    internal static DoctorFinding Good(string id, string text) => new(id, DoctorLevel.Good, text, null);
}

/// <summary>What this system can and cannot do; asks the kernel, never its version, and changes nothing.</summary>
public static class SystemDoctor
{
    /// <summary>All findings, in reading order.</summary>
    /// <param name="volumes">Those of the configuration, where there is one: what they need is then missing, and not merely noted.</param>
    public static IReadOnlyList<DoctorFinding> Examine(IReadOnlyList<VolumeSpec> volumes)
    {
        var mapperProblem = Capabilities.DeviceMapperProblem();
        var findings = new List<DoctorFinding>
        {
            DoctorFinding.Of("root", CurrentProcess.HasCapability(Capability.SysAdmin), DoctorLevel.Missing,
                "this process may mount (CAP_SYS_ADMIN)", "this process may not mount: no CAP_SYS_ADMIN", "run it as root"),
        };
        findings.AddRange(KernelDoctor.Examine(mapperProblem, volumes));
        findings.AddRange(CipherDoctor.Examine());
        // Where there is no dm-crypt, this is the only way left.
        var otherwise = mapperProblem is null ? DoctorLevel.Note : DoctorLevel.Missing;
        findings.Add(DoctorFinding.Of("fuse", IsThere("/dev/fuse"), otherwise,
            "fuse mappings: /dev/fuse is there", "fuse mappings: no driver answers at /dev/fuse", "load the 'fuse' module (CONFIG_FUSE_FS); dm mappings do without"));
        findings.Add(DoctorFinding.Of("loop", IsThere("/dev/loop-control"), otherwise,
            "loop devices: /dev/loop-control is there", "loop devices: no driver answers at /dev/loop-control", "load the 'loop' module (CONFIG_BLK_DEV_LOOP); only image files and fuse mappings need it"));
        findings.AddRange(MakersOfFilesystems(volumes));
        findings.Add(Aes());
        findings.Add(LockedMemory());
        findings.Add(Swap());
        findings.AddRange(volumes.Select(OfVolume));
        return findings;
    }

    private static DoctorFinding OfVolume(VolumeSpec spec) => Capabilities.For(spec.Source, spec.Mapping) is { Lacking: var (problem, remedy) }
        ? new DoctorFinding($"volume-{spec.Name}", DoctorLevel.Missing, $"volume {spec.Name}: {problem}", remedy)
        : DoctorFinding.Good($"volume-{spec.Name}", $"volume {spec.Name}: this system has what source {spec.Source.Text()} and mapping {spec.Mapping.Text()} need");

    /// <summary>The program of every filesystem that a volume has, and of the newest of each package.</summary>
    private static IEnumerable<DoctorFinding> MakersOfFilesystems(IReadOnlyList<VolumeSpec> volumes)
    {
        var needed = volumes.Select(volume => volume.Filesystem).ToHashSet();
        var newest = FilesystemType.All.GroupBy(type => type.Package).Select(types => types.Last());
        foreach (var type in FilesystemType.All.Intersect(needed.Union(newest)))
        {
            yield return needed.Contains(type)
                ? Tool(type.Mkfs.Name, DoctorLevel.Missing, $"install {type.Package}")
                : Tool(type.Mkfs.Name, DoctorLevel.Note, $"only needed for volumes with filesystem = \"{type}\" (package {type.Package})");
        }
    }

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
        ? DoctorFinding.Good(name, $"{name}: {path}")
        : new DoctorFinding(name, otherwise, $"{name}: not on this system", remedy);

    private static DoctorFinding Aes()
    {
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal)) ?? "";
        return DoctorFinding.Of("aes", flags.Split(' ').Contains("aes", StringComparer.Ordinal), DoctorLevel.Note,
            "AES instructions: this processor has them", "AES instructions: this processor has none; fuse mappings will be slow", "nothing to do: the software AES is used");
    }

    /// <summary>The limit does not bind root, but says what a service without CAP_IPC_LOCK would get.</summary>
    private static DoctorFinding LockedMemory() => DoctorFinding.Of("locked-memory", CurrentProcess.HasCapability(Capability.IpcLock), DoctorLevel.Note,
        "locked memory: without limit (CAP_IPC_LOCK)", "locked memory: limited by RLIMIT_MEMLOCK", "raise it (LimitMEMLOCK=infinity in a systemd unit)");

    private static DoctorFinding Swap()
    {
        var areas = File.Exists("/proc/swaps") ? File.ReadAllLines("/proc/swaps").Skip(1).Select(line => line.Split(' ', '\t')[0]).Where(area => !area.StartsWith("/dev/zram", StringComparison.Ordinal)).ToArray() : [];
        return DoctorFinding.Of("swap", areas.Length == 0, DoctorLevel.Note,
            "swap: none on disk", $"swap: {string.Join(", ", areas)} may hold what applications had in memory",
            string.Create(CultureInfo.InvariantCulture, $"encrypt {areas.Length} swap area(s), or use zram"));
    }
}
