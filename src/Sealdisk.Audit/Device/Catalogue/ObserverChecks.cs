using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Ways to watch or stop the kernel and other programs as they run.</summary>
internal static class ObserverChecks
{
    /// <summary>The bits of kernel.sysrq for sync, remount read-only and reboot.</summary>
    private const long HarmlessSysrq = 16 | 32 | 128;

    internal static IReadOnlyList<Check> All => [Sysrq, Kprobes, Perf, Userfaultfd, PtraceScope];

    private static Check Sysrq { get; } = new(JudgeSysrq)
    {
        Id = "sysrq",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "SysRq at the console does not dump memory or registers",
        Attack = "A break on the serial line and a letter print registers, kill the processes that guard the console, or crash "
            + "the kernel into a dump.",
        Remedy = "kernel.sysrq=0, or 176 (sync, remount, reboot only); CONFIG_MAGIC_SYSRQ_SERIAL=n.",
        Reads = "kernel.sysrq: any bit outside 176 fails.",
        Reference = "linux Documentation/admin-guide/sysrq.rst",
    };

    private static Check Kprobes { get; } = new(JudgeKprobes)
    {
        Id = "kprobes",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Root cannot place probes in the kernel",
        Attack = "A probe in the kernel's crypto prints keys as they are used.",
        Remedy = "Build without CONFIG_KPROBES, or boot with lockdown=confidentiality.",
        Reads = "CONFIG_KPROBES. Only lockdown=confidentiality closes it.",
        Reference = "linux Documentation/trace/kprobes.rst",
    };

    private static Check Perf { get; } = new(JudgePerf)
    {
        Id = "perf",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Only root may profile the kernel",
        Attack = "perf events of ordinary users are a large attack surface, and a side channel on the crypto of other users.",
        Remedy = "kernel.perf_event_paranoid=2 or higher.",
        Reads = "kernel.perf_event_paranoid.",
        Reference = "linux Documentation/admin-guide/perf-security.rst",
    };

    private static Check Userfaultfd { get; } = new(JudgeUserfaultfd)
    {
        Id = "userfaultfd",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Only root may stop the kernel with userfaultfd",
        Attack = "It makes races in the kernel easy to win, and many exploits depend on that.",
        Remedy = "vm.unprivileged_userfaultfd=0, or build without CONFIG_USERFAULTFD.",
        Reads = "vm.unprivileged_userfaultfd, CONFIG_USERFAULTFD.",
        Reference = "linux Documentation/admin-guide/sysctl/vm.rst",
    };

    private static Check PtraceScope { get; } = new(JudgePtrace)
    {
        Id = "ptrace-scope",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "A process may not read the memory of other processes",
        Attack = "A compromised program reads the memory of every other program of the same user.",
        Remedy = "kernel.yama.ptrace_scope=1 or higher (CONFIG_SECURITY_YAMA).",
        Reads = "kernel.yama.ptrace_scope.",
        Reference = "linux Documentation/admin-guide/LSM/Yama.rst",
    };

    private static Verdict JudgeSysrq(AuditedSystem system)
    {
        var (value, seen) = system.Sysctl("kernel/sysrq");
        return value switch
        {
            { } bits when (bits & ~HarmlessSysrq) != 0 => Fails("SysRq can do more than sync, remount and reboot", seen),
            { } => Holds("SysRq cannot show memory", seen),
            _ when system.IsBuiltWithout("MAGIC_SYSRQ") => Holds("the kernel has no SysRq", system.Option("MAGIC_SYSRQ")),
            _ => Unknown("it cannot be seen what SysRq can do", seen),
        };
    }

    private static Verdict JudgeKprobes(AuditedSystem system)
    {
        var option = system.Option("KPROBES");
        if (system.Lockdown == LockdownLevel.Confidentiality)
            return Holds("lockdown closes them", system.LockdownEvidence);
        if (system.Kernel is null)
            return Unknown("it cannot be seen how the kernel was built", option);
        return system.IsBuiltWithout("KPROBES")
            ? Holds("the kernel has none", option)
            : Fails("root may place probes anywhere in the kernel", option);
    }

    private static Verdict JudgePerf(AuditedSystem system) =>
        system.Sysctl("kernel/perf_event_paranoid").Value is null && system.IsBuiltWithout("PERF_EVENTS")
            ? Holds("the kernel has no perf events", system.Option("PERF_EVENTS"))
            : SysctlJudge.AtLeast(system, "kernel/perf_event_paranoid", 2);

    private static Verdict JudgeUserfaultfd(AuditedSystem system)
    {
        var (value, seen) = system.Sysctl("vm/unprivileged_userfaultfd");
        return value switch
        {
            0 => Holds("only root may", seen),
            { } => Fails("every user may", seen),
            _ when system.IsBuiltWithout("USERFAULTFD") => Holds("the kernel has no userfaultfd", system.Option("USERFAULTFD")),
            _ => Unknown("it cannot be seen which users may use it", seen),
        };
    }

    private static Verdict JudgePtrace(AuditedSystem system)
    {
        var (value, seen) = system.Sysctl("kernel/yama/ptrace_scope");
        return value switch
        {
            >= 1 => Holds("only parents and root may trace", seen),
            { } => Fails("every process may trace processes of the same user", seen),
            _ when system.IsBuiltWithout("SECURITY_YAMA") => Fails("the kernel was built without Yama", system.Option("SECURITY_YAMA")),
            _ => Unknown("it cannot be seen which processes may trace", seen),
        };
    }
}
