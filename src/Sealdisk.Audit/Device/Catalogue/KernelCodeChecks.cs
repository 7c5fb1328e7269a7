using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>What code may join the kernel, and what root may do to it.</summary>
internal static class KernelCodeChecks
{
    internal static IReadOnlyList<Check> All => [ModuleSignatures, Lockdown];

    private static Check ModuleSignatures { get; } = new(JudgeModules)
    {
        Id = "module-signatures",
        Group = CheckGroup.Boot,
        Severity = Severity.High,
        CanBeRequired = true,
        IsPillar = true,
        Title = "The kernel loads only modules with a valid signature",
        Attack = "Root loads a module into the kernel, reads the keys of all mappings, and asks the trust source to unseal more.",
        Remedy = "Set CONFIG_MODULE_SIG_FORCE=y or module.sig_enforce=1. Or build without modules, or set "
            + "kernel.modules_disabled=1 once all are loaded.",
        Reads = "/sys/module/module/parameters/sig_enforce, lockdown, kernel.modules_disabled, CONFIG_MODULES.",
        Reference = "linux Documentation/admin-guide/module-signing.rst",
    };

    private static Check Lockdown { get; } = new(JudgeLockdown)
    {
        Id = "lockdown",
        Group = CheckGroup.Boot,
        Severity = Severity.Medium,
        CanBeRequired = true,
        IsPillar = true,
        Title = "Kernel lockdown keeps root out of kernel memory",
        Attack = "Without lockdown=confidentiality root has many ways to read the kernel's memory, where dm-crypt and the "
            + "keyring hold keys in the clear. Without any lockdown root may also replace the kernel's code.",
        Remedy = "Boot with lockdown=confidentiality (CONFIG_SECURITY_LOCKDOWN_LSM, "
            + "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y), and with a command line that cannot be changed.",
        Reads = "/sys/kernel/security/lockdown. 'integrity' still lets root read keys, so it does not meet this requirement.",
        Reference = "kernel_lockdown(7)",
    };

    private static Verdict JudgeModules(AuditedSystem system)
    {
        var enforced = system.Root.Read("/sys/module/module/parameters/sig_enforce");
        var (disabled, disabledSeen) = system.Sysctl("kernel/modules_disabled");
        if (system.IsBuiltWithout("MODULES"))
            return Holds("the kernel has no modules", system.Option("MODULES"));
        if (disabled == 1)
            return Holds("no further module can be loaded", disabledSeen);
        if (enforced is { Ok: true, Text: "Y" or "1" })
            return Holds("signatures are enforced; the audit does not check whose they may be", Evidence.Of(enforced));
        if (system.Lockdown >= LockdownLevel.Integrity)
            return Holds("lockdown enforces signatures", system.LockdownEvidence);
        if (enforced.Ok)
            return Fails("modules without a signature are loaded", Evidence.Of(enforced));
        return system.Kernel is { } kernel && kernel["MODULES"] == "y" && kernel["MODULE_SIG"] == "n"
            ? Fails("the kernel does not support module signatures", system.Option("MODULE_SIG"))
            : Unknown("it cannot be seen whether signatures are enforced", Evidence.Of(enforced));
    }

    private static Verdict JudgeLockdown(AuditedSystem system) => system.Lockdown switch
    {
        LockdownLevel.Confidentiality => Holds("lockdown is at confidentiality", system.LockdownEvidence),
        LockdownLevel.Integrity => Fails("lockdown protects the kernel's code, but lets root read its memory", system.LockdownEvidence) with
        {
            Severity = Severity.Low,
        },
        LockdownLevel.None => Fails("lockdown is off", system.LockdownEvidence),
        _ when system.IsBuiltWithout("SECURITY_LOCKDOWN_LSM") =>
            Fails("the kernel was built without lockdown", system.Option("SECURITY_LOCKDOWN_LSM")),
        _ => Unknown("the state of lockdown cannot be read", system.LockdownEvidence),
    };
}
