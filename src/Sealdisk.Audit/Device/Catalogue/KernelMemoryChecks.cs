using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Ways for root to read the kernel's memory, or to start another kernel that does.</summary>
internal static class KernelMemoryChecks
{
    internal static IReadOnlyList<Check> All => [DevMem, Kcore, Kexec];

    private static Check DevMem { get; } = new(JudgeDevMem)
    {
        Id = "dev-mem",
        Group = CheckGroup.Kernel,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "/dev/mem does not show memory",
        Attack = "Root reads all of physical memory through /dev/mem, including keys and plaintext.",
        Remedy = "Build without CONFIG_DEVMEM, or at least with CONFIG_STRICT_DEVMEM and CONFIG_IO_STRICT_DEVMEM.",
        Reads = "CONFIG_DEVMEM, CONFIG_STRICT_DEVMEM, CONFIG_IO_STRICT_DEVMEM. Lockdown closes it as well.",
        Reference = "linux drivers/char/mem.c, lib/Kconfig.debug",
    };

    private static Check Kcore { get; } = new(JudgeKcore)
    {
        Id = "kcore",
        Group = CheckGroup.Kernel,
        Severity = Severity.Medium,
        CanBeRequired = true,
        Title = "/proc/kcore does not show kernel memory",
        Attack = "Root reads all kernel memory as a core file, and finds the key schedules of dm-crypt by their structure.",
        Remedy = "Build without CONFIG_PROC_KCORE, or boot with lockdown=confidentiality.",
        Reads = "CONFIG_PROC_KCORE, /proc/kcore. Only lockdown=confidentiality closes it.",
        Reference = "linux fs/proc/kcore.c",
    };

    private static Check Kexec { get; } = new(JudgeKexec)
    {
        Id = "kexec",
        Group = CheckGroup.Kernel,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "kexec starts signed kernels only",
        Attack = "Root starts another kernel without a reset. Memory still holds the keys, and the chain of trust is bypassed.",
        Remedy = "Build without CONFIG_KEXEC and with CONFIG_KEXEC_SIG_FORCE, or set kernel.kexec_load_disabled=1 early.",
        Reads = "CONFIG_KEXEC, CONFIG_KEXEC_FILE, CONFIG_KEXEC_SIG_FORCE, kernel.kexec_load_disabled. Lockdown closes it as well.",
        Reference = "linux kernel/kexec.c, Documentation/admin-guide/sysctl/kernel.rst",
    };

    private static Verdict JudgeDevMem(AuditedSystem system)
    {
        if (system.Lockdown >= LockdownLevel.Integrity)
            return Holds("lockdown closes /dev/mem", system.LockdownEvidence);
        if (system.Kernel is not { } kernel)
            return Unknown("what /dev/mem shows depends on how the kernel was built, which cannot be seen", system.Option("DEVMEM"));
        if (kernel["DEVMEM"] == "n")
            return Holds("the kernel has no /dev/mem", system.Option("DEVMEM"));
        if (kernel["STRICT_DEVMEM"] == "n")
            return Fails("root reads all of memory through /dev/mem", system.Option("DEVMEM"), system.Option("STRICT_DEVMEM"));
        Evidence[] strict = [system.Option("STRICT_DEVMEM"), system.Option("IO_STRICT_DEVMEM")];
        return kernel["IO_STRICT_DEVMEM"] == "n"
            ? Fails("/dev/mem does not show memory, but it shows device registers, including fuses and crypto engines", strict) with
            {
                Severity = Severity.Low,
            }
            : Holds("/dev/mem shows neither memory nor devices in use", strict);
    }

    private static Verdict JudgeKcore(AuditedSystem system)
    {
        if (system.Lockdown == LockdownLevel.Confidentiality)
            return Holds("lockdown closes /proc/kcore", system.LockdownEvidence);
        if (system.Kernel is { } kernel)
            return kernel["PROC_KCORE"] == "n"
                ? Holds("the kernel has no /proc/kcore", system.Option("PROC_KCORE"))
                : Fails("root reads kernel memory through /proc/kcore", system.Option("PROC_KCORE"));
        return system.Root.Exists("/proc/kcore")
            ? Fails("root reads kernel memory through /proc/kcore", new Evidence("/proc/kcore", "there"))
            : Unknown("it cannot be seen whether the kernel has /proc/kcore", system.Option("PROC_KCORE"));
    }

    private static Verdict JudgeKexec(AuditedSystem system)
    {
        var (disabled, seen) = system.Sysctl("kernel/kexec_load_disabled");
        if (disabled == 1)
            return Holds("kexec can no longer load a kernel", seen);
        if (system.Lockdown >= LockdownLevel.Integrity)
            return Holds("lockdown demands a signature", system.LockdownEvidence);
        if (system.Kernel is not { } kernel)
            return disabled == 0
                ? Fails("kexec can load a kernel; it cannot be seen whether the kernel must be signed", seen)
                : Unknown("it cannot be seen whether the kernel has kexec", seen);
        const string Unsigned = "root starts an unsigned kernel with kexec";
        return (kernel["KEXEC"], kernel["KEXEC_FILE"], kernel["KEXEC_SIG_FORCE"]) switch
        {
            ("n", "n", _) => Holds("the kernel has no kexec", system.Option("KEXEC"), system.Option("KEXEC_FILE")),
            ("n", _, "y") => Holds("kexec demands a signature", system.Option("KEXEC_SIG_FORCE")),
            ("n", _, _) => Fails(Unsigned, system.Option("KEXEC_FILE"), system.Option("KEXEC_SIG_FORCE")),
            _ => Fails(Unsigned, system.Option("KEXEC"), seen),
        };
    }
}
