using System.Globalization;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Doctor;

/// <summary>What this system can and cannot do. Asks the kernel, never its version, and changes nothing.</summary>
public static class SystemDoctor
{
    /// <summary>All findings, in reading order.</summary>
    /// <param name="volumes">Those of the configuration, if there is one: what they need is then missing, not merely noted.</param>
    public static IReadOnlyList<DoctorFinding> Examine(IReadOnlyList<VolumeSpec> volumes)
    {
        var mapperProblem = Capabilities.DeviceMapperProblem();
        // Without dm-crypt, fuse mappings are the only way left.
        var withoutFuse = mapperProblem is null ? DoctorLevel.Note : DoctorLevel.Missing;
        return
        [
            Root(),
            .. KernelDoctor.Examine(mapperProblem, volumes),
            .. CipherDoctor.Examine(),
            Fuse(withoutFuse),
            Loop(withoutFuse),
            .. FilesystemMakers(volumes),
            Aes(),
            LockedMemory(),
            Swap(),
            .. volumes.Select(OfVolume),
        ];
    }

    private static DoctorFinding Root() => CurrentProcess.HasCapability(Capability.SysAdmin)
        ? DoctorFinding.Good("root", "this process may mount (CAP_SYS_ADMIN)")
        : DoctorFinding.Missing("root", "this process may not mount: it lacks CAP_SYS_ADMIN", "run it as root");

    private static DoctorFinding Fuse(DoctorLevel otherwise) => HasDriver("/dev/fuse")
        ? DoctorFinding.Good("fuse", "fuse mappings: /dev/fuse is there")
        : new DoctorFinding(
            "fuse", otherwise, "fuse mappings: no driver answers at /dev/fuse",
            "load the 'fuse' module (CONFIG_FUSE_FS); dm mappings do not need it");

    private static DoctorFinding Loop(DoctorLevel otherwise) => HasDriver("/dev/loop-control")
        ? DoctorFinding.Good("loop", "loop devices: /dev/loop-control is there")
        : new DoctorFinding(
            "loop", otherwise, "loop devices: no driver answers at /dev/loop-control",
            "load the 'loop' module (CONFIG_BLK_DEV_LOOP); only image files and fuse mappings need it");

    private static DoctorFinding OfVolume(VolumeSpec spec)
    {
        var id = $"volume-{spec.Name}";
        if (Capabilities.For(spec.Source, spec.Mapping) is { Lacking: var (problem, remedy) })
            return DoctorFinding.Missing(id, $"volume {spec.Name}: {problem}", remedy);
        var needs = $"source {spec.Source.Text()} and mapping {spec.Mapping.Text()}";
        return DoctorFinding.Good(id, $"volume {spec.Name}: this system has what {needs} need");
    }

    /// <summary>The program of every filesystem that a volume has, and of the newest of each package.</summary>
    private static IEnumerable<DoctorFinding> FilesystemMakers(IReadOnlyList<VolumeSpec> volumes)
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

    /// <summary>A node alone is not a driver: opening one without a driver gives ENODEV or ENXIO.</summary>
    private static bool HasDriver(string node)
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
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(IsFeatureList) ?? "";
        return flags.Split(' ').Contains("aes", StringComparer.Ordinal)
            ? DoctorFinding.Good("aes", "AES instructions: this processor has them")
            : DoctorFinding.Note(
                "aes", "AES instructions: this processor does not have them; fuse mappings will be slow",
                "nothing to do: Sealdisk uses AES in software");
    }

    private static bool IsFeatureList(string line) =>
        line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal);

    /// <summary>The limit does not bind root, but shows what a service without CAP_IPC_LOCK would get.</summary>
    private static DoctorFinding LockedMemory() => CurrentProcess.HasCapability(Capability.IpcLock)
        ? DoctorFinding.Good("locked-memory", "locked memory: unlimited (CAP_IPC_LOCK)")
        : DoctorFinding.Note(
            "locked-memory", "locked memory: limited by RLIMIT_MEMLOCK", "raise the limit (LimitMEMLOCK=infinity in a systemd unit)");

    private static DoctorFinding Swap()
    {
        var lines = File.Exists("/proc/swaps") ? File.ReadAllLines("/proc/swaps") : [];
        var areas = lines.Skip(1).Select(line => line.Split(' ', '\t')[0])
            .Where(area => !area.StartsWith("/dev/zram", StringComparison.Ordinal)).ToArray();
        if (areas.Length == 0)
            return DoctorFinding.Good("swap", "swap: none on disk");
        return DoctorFinding.Note(
            "swap", $"swap: {string.Join(", ", areas)} may hold memory of applications",
            string.Create(CultureInfo.InvariantCulture, $"encrypt {areas.Length} swap area(s), or use zram"));
    }
}
