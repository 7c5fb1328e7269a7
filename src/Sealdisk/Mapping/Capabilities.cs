using Sealdisk.Configuration;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>What this system lacks for a source or a mapping, and what to do about it.</summary>
public static class Capabilities
{
    /// <summary>The problem and its remedy, or null where nothing is missing.</summary>
    public static (string Problem, string Remedy)? Lacking(TrustSource source, MappingKind mapping)
    {
        if (source.IsKernel())
            return KernelSource(source);
        if (mapping == MappingKind.Dm)
            return ("this release maps the soft source through fuse only, not through dm-crypt", "use mapping fuse (or auto)");
        return Fuse();
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

    private static (string Problem, string Remedy) KernelSource(TrustSource source) => KeyTypes.IsRegistered("trusted")
        ? ($"source '{source.Text()}' is a kernel trusted key, which this release of Sealdisk does not drive yet", "use source soft where a software key is good enough")
        : ($"source '{source.Text()}' needs the kernel's 'trusted' key type, and this kernel has not registered it",
            source switch
            {
                TrustSource.Tee => "it needs CONFIG_TRUSTED_KEYS_TEE, OP-TEE, and the trusted-keys TA built in as an early TA",
                TrustSource.Tpm => "it needs CONFIG_TRUSTED_KEYS_TPM and a TPM",
                TrustSource.Caam => "it needs CONFIG_TRUSTED_KEYS_CAAM and NXP's CAAM",
                TrustSource.Dcp => "it needs CONFIG_TRUSTED_KEYS_DCP and NXP's DCP with a device key",
                _ => "it needs CONFIG_TRUSTED_KEYS and a trust source: a TEE, a TPM, CAAM or DCP; a software key must be named: source soft",
            });
}
