using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Large interfaces into the kernel that a product does not need.</summary>
internal static class KernelInterfaceChecks
{
    internal static IReadOnlyList<Check> All => [Debugfs, UnprivilegedBpf];

    private static Check Debugfs { get; } = new(JudgeDebugfs)
    {
        Id = "debugfs",
        Group = CheckGroup.Kernel,
        Severity = Severity.Medium,
        CanBeRequired = true,
        Title = "debugfs is not mounted",
        Attack = "debugfs shows root the internals of drivers, such as registers and buffers, and lets root write to many of them.",
        Remedy = "Set debugfs=off on the command line or CONFIG_DEBUG_FS_ALLOW_NONE=y, or build without CONFIG_DEBUG_FS.",
        Reads = "/proc/self/mountinfo, debugfs= on the command line, CONFIG_DEBUG_FS. Lockdown closes most of it as well.",
        Reference = "linux Documentation/filesystems/debugfs.rst",
    };

    private static Check UnprivilegedBpf { get; } = new(JudgeBpf)
    {
        Id = "unprivileged-bpf",
        Group = CheckGroup.Kernel,
        Severity = Severity.Medium,
        CanBeRequired = true,
        Title = "Only root may load BPF programs",
        Attack = "Several kernel exploits and speculative leaks used BPF programs of ordinary users.",
        Remedy = "kernel.unprivileged_bpf_disabled=1 (or 2), CONFIG_BPF_UNPRIV_DEFAULT_OFF=y.",
        Reads = "kernel.unprivileged_bpf_disabled, CONFIG_BPF_SYSCALL.",
        Reference = "linux Documentation/admin-guide/sysctl/kernel.rst",
    };

    private static Verdict JudgeDebugfs(AuditedSystem system)
    {
        if (system.Lockdown == LockdownLevel.Confidentiality)
            return Holds("lockdown closes it", system.LockdownEvidence);
        if (system.CommandLine.Value("debugfs") is "off" or "no-mount")
            return Holds("the command line turns it off", Evidence.OnCommandLine("debugfs=off"));
        if (system.IsBuiltWithout("DEBUG_FS") || system.Kernel is { } kernel && kernel["DEBUG_FS_ALLOW_NONE"] == "y")
            return Holds("the kernel was built without it", system.Option("DEBUG_FS"));
        if (system.Mounts is not { } mounts)
            return Unknown("it cannot be read what is mounted", new Evidence(AuditedSystem.MountsPath, "unreadable"));
        return mounts.FirstOrDefault(mount => mount.Type == "debugfs") is { } mounted
            ? Fails($"debugfs is mounted on {mounted.Target}", new Evidence(AuditedSystem.MountsPath, $"debugfs on {mounted.Target}"))
            : Holds("debugfs is not mounted, although root could mount it", new Evidence(AuditedSystem.MountsPath, "no debugfs"));
    }

    private static Verdict JudgeBpf(AuditedSystem system)
    {
        var (value, seen) = system.Sysctl("kernel/unprivileged_bpf_disabled");
        return value switch
        {
            > 0 => Holds("ordinary users may not", seen),
            0 => Fails("every user may load BPF programs", seen),
            _ when system.IsBuiltWithout("BPF_SYSCALL") => Holds("the kernel has no BPF system call", system.Option("BPF_SYSCALL")),
            _ => Unknown("it cannot be seen which users may load BPF programs", seen),
        };
    }
}
