using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Mapping;

/// <summary>What a source and a mapping come to on this system.</summary>
/// <param name="Source">Who seals: the named source, or the one that stands behind "auto"; null if there is none.</param>
/// <param name="Kind">Who decrypts: dm or fuse.</param>
/// <param name="Lacking">What is missing, with the remedy; or null.</param>
public sealed record Capabilities(TrustSource? Source, MappingKind Kind, (string Problem, string Remedy)? Lacking)
{
    /// <summary>Asks the kernel; changes nothing.</summary>
    public static Capabilities For(TrustSource source, MappingKind mapping)
    {
        if (!source.IsKernel())
        {
            var kind = mapping != MappingKind.Auto ? mapping : DeviceMapperProblem() is null ? MappingKind.Dm : MappingKind.Fuse;
            return new Capabilities(source, kind, kind == MappingKind.Dm ? DeviceMapperProblem() : Fuse());
        }
        if (mapping == MappingKind.Fuse)
            return new Capabilities(source, mapping, (
                $"a key of source '{source.Text()}' never leaves the kernel, so nothing in user space can decrypt with it",
                "use mapping dm (or auto)"));
        var here = KernelSource.Detect();
        if (here.Source is not { } found)
            return new Capabilities(null, MappingKind.Dm, (
                $"source '{source.Text()}' is not there: {here.Evidence}", $"{source.Needs()}; a software key must be named: source soft"));
        if (!source.Means(found))
            return new Capabilities(found, MappingKind.Dm, (
                $"source '{source.Text()}' is not this kernel's trust source, which is {found.Text()} ({here.Evidence})",
                $"boot with trusted.source={source.Text()}; {source.Needs()}"));
        return new Capabilities(found, MappingKind.Dm, DeviceMapperProblem());
    }

    /// <summary>What is missing for a source and a mapping, or null.</summary>
    public static (string Problem, string Remedy)? LackingFor(TrustSource source, MappingKind mapping) => For(source, mapping).Lacking;

    /// <summary>What the dm mapping lacks here, or null.</summary>
    public static (string Problem, string Remedy)? DeviceMapperProblem()
    {
        using var mapper = DmMapping.TryOpen();
        if (mapper is null && !CurrentProcess.HasCapability(Capability.SysAdmin))
            return ("asking the device-mapper needs CAP_SYS_ADMIN", "run it as root");
        if (mapper is null)
            return ("this kernel has no device-mapper", "load the 'dm_mod' module, or build the kernel with CONFIG_BLK_DEV_DM");
        return mapper.Target("crypt") is null
            ? ("this kernel's device-mapper has no target 'crypt'", "load the 'dm_crypt' module, or build the kernel with CONFIG_DM_CRYPT")
            : null;
    }

    /// <summary>Mounting, FUSE and loop devices all need the same capability.</summary>
    /// <param name="act">What cannot be done without it, such as "bring up data".</param>
    /// <exception cref="SealdiskException">This process does not have it (exit code 5).</exception>
    public static void RequireMounting(string act)
    {
        if (!CurrentProcess.HasCapability(Capability.SysAdmin))
            throw SealdiskException.Lacking($"cannot {act}: mounting needs CAP_SYS_ADMIN", "run it as root");
    }

    /// <summary>What the fuse mapping lacks here, or null.</summary>
    public static (string Problem, string Remedy)? Fuse()
    {
        if (FileStatus.TryOf("/dev/fuse") is null)
            return ("this system has no /dev/fuse", "load the 'fuse' module, or build the kernel with CONFIG_FUSE_FS");
        return FileStatus.TryOf("/dev/loop-control") is null
            ? ("this system has no /dev/loop-control", "load the 'loop' module, or build the kernel with CONFIG_BLK_DEV_LOOP")
            : null;
    }
}
