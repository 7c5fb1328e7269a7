using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>What writes all of memory to a disk.</summary>
internal static class MemoryDumpChecks
{
    internal static IReadOnlyList<Check> All => [Kdump, Hibernation];

    private static Check Kdump { get; } = new(JudgeKdump)
    {
        Id = "kdump",
        Group = CheckGroup.Kernel,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "The kernel makes no crash dump",
        Attack = "A crash, which root or a faulty driver can cause, writes all of memory with its keys to a file or a server.",
        Remedy = "Remove crashkernel= from the command line, or encrypt dumps and restrict access to them.",
        Reads = "crashkernel= in /proc/cmdline, /sys/kernel/kexec_crash_loaded.",
        Reference = "linux Documentation/admin-guide/kdump/kdump.rst",
    };

    private static Check Hibernation { get; } = new(JudgeHibernation)
    {
        Id = "hibernation",
        Group = CheckGroup.Kernel,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "The system cannot hibernate",
        Attack = "Hibernation writes all of memory, including keys, to the swap device, where it stays.",
        Remedy = "Build without CONFIG_HIBERNATION or boot with nohibernate.",
        Reads = "/sys/power/disk, CONFIG_HIBERNATION, nohibernate. Lockdown closes it as well.",
        Reference = "linux Documentation/power/swsusp.rst",
    };

    private static Verdict JudgeKdump(AuditedSystem system)
    {
        if (system.CommandLine.Find("crashkernel") is { } word)
            return Fails("memory is reserved for a crash kernel, which dumps all of memory", Evidence.OnCommandLine(word));
        var loaded = system.Root.Read("/sys/kernel/kexec_crash_loaded");
        if (loaded is { Ok: true, Text: "1" })
            return Fails("a crash kernel is loaded, which dumps all of memory", Evidence.Of(loaded));
        return system.CommandLine.IsKnown
            ? Holds("no memory is reserved for a crash kernel", Evidence.OnCommandLine("no crashkernel="), Evidence.Of(loaded))
            : Unknown("the command line cannot be read", Evidence.Of(loaded));
    }

    private static Verdict JudgeHibernation(AuditedSystem system)
    {
        var disk = system.Root.Read("/sys/power/disk");
        if (disk.Ok && disk.Text.Contains("[disabled]", StringComparison.Ordinal))
            return Holds("hibernation is disabled", Evidence.Of(disk));
        if (system.Lockdown >= LockdownLevel.Integrity)
            return Holds("lockdown prevents it", system.LockdownEvidence);
        if (system.CommandLine.Find("nohibernate") is not null || system.CommandLine.Value("hibernate") is "no" or "noresume")
            return Holds("the command line disables it", Evidence.OnCommandLine("nohibernate"));
        if (system.IsBuiltWithout("HIBERNATION"))
            return Holds("the kernel was built without it", system.Option("HIBERNATION"));
        if (!disk.Ok && system.Kernel is null)
            return Unknown("it cannot be seen whether the system can hibernate", Evidence.Of(disk));
        var seen = disk.Ok ? Evidence.Of(disk) : system.Option("HIBERNATION");
        return Fails("hibernation writes memory, including keys, to the swap device", seen);
    }
}
