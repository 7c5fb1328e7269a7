using System.Globalization;
using static Sealdisk.Audit.Device.Finding;

namespace Sealdisk.Audit.Device;

/// <summary>Ways to keys in the running kernel's memory.</summary>
internal static class KernelChecks
{
    internal static IEnumerable<Finding> Run(Look look) =>
    [
        DevMem(look), Kcore(look), Kexec(look), Kdump(look), Hibernation(look), StrictRwx(look), Iommu(look), Mitigations(look), Debugfs(look), Bpf(look),
        InitMemory(look, Checks.InitOnFree, "init_on_free", "INIT_ON_FREE_DEFAULT_ON"), Sysrq(look), Kprobes(look),
        AtLeast(look, Checks.Perf, "kernel/perf_event_paranoid", 2, "PERF_EVENTS"), Userfaultfd(look),
        InitMemory(look, Checks.InitOnAlloc, "init_on_alloc", "INIT_ON_ALLOC_DEFAULT_ON"), Usercopy(look), PtraceScope(look),
        AtLeast(look, Checks.KptrRestrict, "kernel/kptr_restrict", 1, null), AtLeast(look, Checks.DmesgRestrict, "kernel/dmesg_restrict", 1, null), Kaslr(look),
    ];

    private static Finding DevMem(Look look)
    {
        if (look.Lockdown >= LockdownLevel.Integrity)
            return Holds(Checks.DevMem, "lockdown closes /dev/mem", look.LockdownEvidence);
        if (look.Kernel is not { } kernel)
            return Unknown(Checks.DevMem, "what /dev/mem shows depends on how the kernel was built, which cannot be seen", look.Option("DEVMEM"));
        return (kernel["DEVMEM"], kernel["STRICT_DEVMEM"], kernel["IO_STRICT_DEVMEM"]) switch
        {
            ("n", _, _) => Holds(Checks.DevMem, "the kernel has no /dev/mem", look.Option("DEVMEM")),
            (_, "n", _) => Fails(Checks.DevMem, "root reads all of memory through /dev/mem", look.Option("DEVMEM"), look.Option("STRICT_DEVMEM")),
            (_, _, "n") => Fails(
                Checks.DevMem, "/dev/mem shows no memory, but the registers of devices: fuses and crypto engines among them",
                look.Option("STRICT_DEVMEM"), look.Option("IO_STRICT_DEVMEM")) with { Severity = Severity.Low },
            _ => Holds(Checks.DevMem, "/dev/mem shows neither memory nor devices in use", look.Option("STRICT_DEVMEM"), look.Option("IO_STRICT_DEVMEM")),
        };
    }

    private static Finding Kcore(Look look)
    {
        if (look.Lockdown == LockdownLevel.Confidentiality)
            return Holds(Checks.Kcore, "lockdown closes /proc/kcore", look.LockdownEvidence);
        if (look.Kernel is { } kernel)
            return kernel["PROC_KCORE"] == "n"
                ? Holds(Checks.Kcore, "the kernel has no /proc/kcore", look.Option("PROC_KCORE"))
                : Fails(Checks.Kcore, "root reads kernel memory through /proc/kcore", look.Option("PROC_KCORE"));
        return look.Root.Exists("/proc/kcore")
            ? Fails(Checks.Kcore, "root reads kernel memory through /proc/kcore", new Evidence("/proc/kcore", "there"))
            : Unknown(Checks.Kcore, "whether the kernel has /proc/kcore cannot be seen", look.Option("PROC_KCORE"));
    }

    private static Finding Kexec(Look look)
    {
        var (disabled, seen) = look.Sysctl("kernel/kexec_load_disabled");
        if (disabled == 1)
            return Holds(Checks.Kexec, "no kernel can be loaded any more", seen);
        if (look.Lockdown >= LockdownLevel.Integrity)
            return Holds(Checks.Kexec, "lockdown demands a signature", look.LockdownEvidence);
        if (look.Kernel is not { } kernel)
            return disabled == 0
                ? Fails(Checks.Kexec, "a kernel can be loaded with kexec; whether it must be signed cannot be seen", seen)
                : Unknown(Checks.Kexec, "whether the kernel has kexec cannot be seen", seen);
        return (kernel["KEXEC"], kernel["KEXEC_FILE"], kernel["KEXEC_SIG_FORCE"]) switch
        {
            ("n", "n", _) => Holds(Checks.Kexec, "the kernel has no kexec", look.Option("KEXEC"), look.Option("KEXEC_FILE")),
            ("n", _, "y") => Holds(Checks.Kexec, "kexec demands a signature", look.Option("KEXEC_SIG_FORCE")),
            ("n", _, _) => Fails(Checks.Kexec, "root starts an unsigned kernel with kexec", look.Option("KEXEC_FILE"), look.Option("KEXEC_SIG_FORCE")),
            _ => Fails(Checks.Kexec, "root starts an unsigned kernel with kexec", look.Option("KEXEC"), seen),
        };
    }

    private static Finding Kdump(Look look)
    {
        if (look.CommandLine.Find("crashkernel") is { } word)
            return Fails(Checks.Kdump, "memory is reserved for a crash kernel, which dumps all of memory", new Evidence(CommandLine.FilePath, word));
        var loaded = look.Root.Read("/sys/kernel/kexec_crash_loaded");
        if (loaded is { Ok: true, Text: "1" })
            return Fails(Checks.Kdump, "a crash kernel is loaded, which dumps all of memory", Look.Seen(loaded));
        return look.CommandLine.IsKnown
            ? Holds(Checks.Kdump, "nothing is reserved for a crash kernel", new Evidence(CommandLine.FilePath, "no crashkernel="), Look.Seen(loaded))
            : Unknown(Checks.Kdump, "the command line cannot be read", Look.Seen(loaded));
    }

    private static Finding Hibernation(Look look)
    {
        var disk = look.Root.Read("/sys/power/disk");
        if (disk.Ok && disk.Text.Contains("[disabled]", StringComparison.Ordinal))
            return Holds(Checks.Hibernation, "hibernation is disabled", Look.Seen(disk));
        if (look.Lockdown >= LockdownLevel.Integrity)
            return Holds(Checks.Hibernation, "lockdown prevents it", look.LockdownEvidence);
        if (look.CommandLine.Find("nohibernate") is not null || look.CommandLine.Value("hibernate") is "no" or "noresume")
            return Holds(Checks.Hibernation, "the command line disables it", new Evidence(CommandLine.FilePath, "nohibernate"));
        if (look.Kernel is { } kernel && kernel["HIBERNATION"] == "n")
            return Holds(Checks.Hibernation, "the kernel was built without it", look.Option("HIBERNATION"));
        return disk.Ok || look.Kernel is not null
            ? Fails(Checks.Hibernation, "hibernation writes memory, keys included, to the swap device", disk.Ok ? Look.Seen(disk) : look.Option("HIBERNATION"))
            : Unknown(Checks.Hibernation, "whether the system can hibernate cannot be seen", Look.Seen(disk));
    }

    private static Finding StrictRwx(Look look)
    {
        if (look.CommandLine.Value("rodata") is "off" or "0")
            return Fails(Checks.StrictRwx, "rodata=off leaves kernel code writable", new Evidence(CommandLine.FilePath, "rodata=off"));
        if (look.Kernel is not { } kernel)
            return Unknown(Checks.StrictRwx, "how the kernel was built cannot be seen", look.Option("STRICT_KERNEL_RWX"));
        var modules = kernel["MODULES"] == "n" || kernel["STRICT_MODULE_RWX"] == "y";
        return kernel["STRICT_KERNEL_RWX"] == "y" && modules
            ? Holds(Checks.StrictRwx, "code is read-only, data is not run", look.Option("STRICT_KERNEL_RWX"), look.Option("STRICT_MODULE_RWX"))
            : Fails(Checks.StrictRwx, "kernel or module code is writable", look.Option("STRICT_KERNEL_RWX"), look.Option("STRICT_MODULE_RWX"));
    }

    private static Finding Iommu(Look look)
    {
        var groups = look.Root.List("/sys/kernel/iommu_groups").Count;
        var buses = look.Root.List("/sys/bus/pci/devices").Count;
        var seen = new Evidence("/sys/kernel/iommu_groups", groups == 0 ? "none" : $"{groups} group(s)");
        if (groups > 0 && (look.CommandLine.Value("iommu.passthrough") == "1" || look.CommandLine.Value("iommu") is "pt" or "off"))
            return Fails(Checks.Iommu, "the IOMMU lets all devices pass", new Evidence(CommandLine.FilePath, "iommu.passthrough=1 or iommu=pt"));
        if (groups > 0)
            return Holds(Checks.Iommu, "an IOMMU is in use; which devices it covers was not looked at", seen);
        if (!look.Root.Exists("/sys/bus"))
            return Unknown(Checks.Iommu, "there is no /sys to look at", seen);
        return buses > 0
            ? Fails(Checks.Iommu, "there is a PCI bus, and no IOMMU in use", seen, new Evidence("/sys/bus/pci/devices", string.Create(CultureInfo.InvariantCulture, $"{buses} device(s)")))
            : NotApplicable(Checks.Iommu, "no PCI bus was seen; on-chip devices were not looked at", seen);
    }

    private static Finding Mitigations(Look look)
    {
        const string Folder = "/sys/devices/system/cpu/vulnerabilities";
        if (look.CommandLine.Value("mitigations") == "off")
            return Fails(Checks.CpuMitigations, "mitigations are off", new Evidence(CommandLine.FilePath, "mitigations=off"));
        var readings = look.Root.List(Folder).Select(name => (Name: name, Reading: look.Root.Read($"{Folder}/{name}"))).Where(file => file.Reading.Ok).ToArray();
        if (readings.Length == 0)
            return Unknown(Checks.CpuMitigations, "the kernel does not list faults of the processor", new Evidence(Folder, "empty or absent"));
        var open = readings.Where(file => file.Reading.Text.StartsWith("Vulnerable", StringComparison.Ordinal)).ToArray();
        return open.Length > 0
            ? Fails(Checks.CpuMitigations, $"not mitigated: {string.Join(", ", open.Select(file => file.Name))}", [.. open.Select(file => Look.Seen(file.Reading))])
            : Holds(Checks.CpuMitigations, $"none of {readings.Length} known faults is open", new Evidence(Folder, "no 'Vulnerable'"));
    }

    private static Finding Debugfs(Look look)
    {
        if (look.Lockdown == LockdownLevel.Confidentiality)
            return Holds(Checks.Debugfs, "lockdown closes it", look.LockdownEvidence);
        if (look.CommandLine.Value("debugfs") is "off" or "no-mount")
            return Holds(Checks.Debugfs, "the command line turns it off", new Evidence(CommandLine.FilePath, "debugfs=off"));
        if (look.Kernel is { } kernel && (kernel["DEBUG_FS"] == "n" || kernel["DEBUG_FS_ALLOW_NONE"] == "y"))
            return Holds(Checks.Debugfs, "the kernel was built without it", look.Option("DEBUG_FS"));
        if (look.Mounts is null)
            return Unknown(Checks.Debugfs, "what is mounted cannot be read", new Evidence(Look.MountsPath, "unreadable"));
        return look.Mounts.FirstOrDefault(mount => mount.Type == "debugfs") is { } mounted
            ? Fails(Checks.Debugfs, $"debugfs is mounted on {mounted.Target}", new Evidence(Look.MountsPath, $"debugfs on {mounted.Target}"))
            : Holds(Checks.Debugfs, "debugfs is not mounted; root could mount it", new Evidence(Look.MountsPath, "no debugfs"));
    }

    private static Finding Bpf(Look look)
    {
        var (value, seen) = look.Sysctl("kernel/unprivileged_bpf_disabled");
        return value switch
        {
            > 0 => Holds(Checks.UnprivilegedBpf, "ordinary users may not", seen),
            0 => Fails(Checks.UnprivilegedBpf, "every user may load BPF programs", seen),
            _ when look.Kernel is { } kernel && kernel["BPF_SYSCALL"] == "n" => Holds(Checks.UnprivilegedBpf, "the kernel has no BPF system call", look.Option("BPF_SYSCALL")),
            _ => Unknown(Checks.UnprivilegedBpf, "who may load BPF programs cannot be seen", seen),
        };
    }

    private static Finding InitMemory(Look look, Check check, string word, string option)
    {
        if (look.CommandLine.Value(word) is { } value)
            return value is "1" or "on" or "y"
                ? Holds(check, "the command line says so", new Evidence(CommandLine.FilePath, $"{word}={value}"))
                : Fails(check, "the command line turns it off", new Evidence(CommandLine.FilePath, $"{word}={value}"));
        if (look.Kernel is not { } kernel || !look.CommandLine.IsKnown)
            return Unknown(check, "neither the command line nor the kernel's configuration says so", look.Option(option));
        return kernel[option] == "y" ? Holds(check, "the kernel was built so", look.Option(option)) : Fails(check, word == "init_on_free" ? "freed memory keeps what was in it" : "memory is handed out with what was in it", look.Option(option));
    }

    private static Finding Sysrq(Look look)
    {
        const long Harmless = 16 | 32 | 128;
        var (value, seen) = look.Sysctl("kernel/sysrq");
        return value switch
        {
            { } bits when (bits & ~Harmless) != 0 => Fails(Checks.Sysrq, "SysRq does more than sync, remount and reboot", seen),
            { } => Holds(Checks.Sysrq, "SysRq does nothing that shows memory", seen),
            _ when look.Kernel is { } kernel && kernel["MAGIC_SYSRQ"] == "n" => Holds(Checks.Sysrq, "the kernel has no SysRq", look.Option("MAGIC_SYSRQ")),
            _ => Unknown(Checks.Sysrq, "what SysRq may do cannot be seen", seen),
        };
    }

    private static Finding Kprobes(Look look)
    {
        if (look.Lockdown == LockdownLevel.Confidentiality)
            return Holds(Checks.Kprobes, "lockdown closes them", look.LockdownEvidence);
        return look.Kernel switch
        {
            null => Unknown(Checks.Kprobes, "how the kernel was built cannot be seen", look.Option("KPROBES")),
            { } kernel when kernel["KPROBES"] == "n" => Holds(Checks.Kprobes, "the kernel has none", look.Option("KPROBES")),
            _ => Fails(Checks.Kprobes, "root may place probes anywhere in the kernel", look.Option("KPROBES")),
        };
    }

    private static Finding Userfaultfd(Look look)
    {
        var (value, seen) = look.Sysctl("vm/unprivileged_userfaultfd");
        return value switch
        {
            0 => Holds(Checks.Userfaultfd, "only root may", seen),
            { } => Fails(Checks.Userfaultfd, "every user may", seen),
            _ when look.Kernel is { } kernel && kernel["USERFAULTFD"] == "n" => Holds(Checks.Userfaultfd, "the kernel has no userfaultfd", look.Option("USERFAULTFD")),
            _ => Unknown(Checks.Userfaultfd, "who may use it cannot be seen", seen),
        };
    }

    private static Finding Usercopy(Look look)
    {
        if (look.CommandLine.Value("hardened_usercopy") is "off" or "0")
            return Fails(Checks.HardenedUsercopy, "the command line turns it off", new Evidence(CommandLine.FilePath, "hardened_usercopy=off"));
        if (look.Kernel is not { } kernel)
            return Unknown(Checks.HardenedUsercopy, "how the kernel was built cannot be seen", look.Option("HARDENED_USERCOPY"));
        return kernel["HARDENED_USERCOPY"] == "y"
            ? Holds(Checks.HardenedUsercopy, "the kernel was built so", look.Option("HARDENED_USERCOPY"))
            : Fails(Checks.HardenedUsercopy, "copies are not checked", look.Option("HARDENED_USERCOPY"));
    }

    private static Finding PtraceScope(Look look)
    {
        var (value, seen) = look.Sysctl("kernel/yama/ptrace_scope");
        return value switch
        {
            >= 1 => Holds(Checks.PtraceScope, "only parents and root may trace", seen),
            { } => Fails(Checks.PtraceScope, "every process may trace those of the same user", seen),
            _ when look.Kernel is { } kernel && kernel["SECURITY_YAMA"] == "n" => Fails(Checks.PtraceScope, "the kernel was built without Yama", look.Option("SECURITY_YAMA")),
            _ => Unknown(Checks.PtraceScope, "who may trace cannot be seen", seen),
        };
    }

    private static Finding AtLeast(Look look, Check check, string sysctl, long least, string? feature)
    {
        var (value, seen) = look.Sysctl(sysctl);
        var name = sysctl.Replace('/', '.');
        return value switch
        {
            { } number when number >= least => Holds(check, string.Create(CultureInfo.InvariantCulture, $"{name} is {number}"), seen),
            { } number => Fails(check, string.Create(CultureInfo.InvariantCulture, $"{name} is {number}, not at least {least}"), seen),
            _ when feature is not null && look.Kernel is { } kernel && kernel[feature] == "n" => Holds(check, "the kernel has no such thing", look.Option(feature)),
            _ => Unknown(check, $"{name} cannot be read", seen),
        };
    }

    private static Finding Kaslr(Look look)
    {
        if (look.CommandLine.Find("nokaslr") is not null)
            return Fails(Checks.Kaslr, "the command line turns it off", new Evidence(CommandLine.FilePath, "nokaslr"));
        var (space, seen) = look.Sysctl("kernel/randomize_va_space");
        if (space is { } value and not 2)
            return Fails(Checks.Kaslr, string.Create(CultureInfo.InvariantCulture, $"programs are not fully randomised: kernel.randomize_va_space is {value}"), seen);
        if (look.Kernel is not { } kernel || space is null)
            return Unknown(Checks.Kaslr, "whether the kernel's own addresses are random cannot be seen", look.Option("RANDOMIZE_BASE"), seen);
        return kernel["RANDOMIZE_BASE"] == "y"
            ? Holds(Checks.Kaslr, "kernel and programs are at random addresses", look.Option("RANDOMIZE_BASE"), seen)
            : Fails(Checks.Kaslr, "the kernel is at a fixed address", look.Option("RANDOMIZE_BASE"));
    }
}
