using System.Globalization;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>What tells an exploit where things are.</summary>
internal static class KernelAddressChecks
{
    internal static IReadOnlyList<Check> All => [KptrRestrict, DmesgRestrict, Kaslr];

    private static Check KptrRestrict { get; } = new(system => SysctlJudge.AtLeast(system, "kernel/kptr_restrict", 1))
    {
        Id = "kptr-restrict",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Kernel addresses are hidden from users",
        Attack = "Addresses tell an exploit where to write.",
        Remedy = "kernel.kptr_restrict=1 or 2.",
        Reads = "kernel.kptr_restrict.",
        Reference = "linux Documentation/admin-guide/sysctl/kernel.rst",
    };

    private static Check DmesgRestrict { get; } = new(system => SysctlJudge.AtLeast(system, "kernel/dmesg_restrict", 1))
    {
        Id = "dmesg-restrict",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Only root may read the kernel log",
        Attack = "The log holds addresses and, after a fault, registers and memory.",
        Remedy = "kernel.dmesg_restrict=1.",
        Reads = "kernel.dmesg_restrict.",
        Reference = "linux Documentation/admin-guide/sysctl/kernel.rst",
    };

    private static Check Kaslr { get; } = new(JudgeKaslr)
    {
        Id = "kaslr",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Kernel and programs are at random addresses",
        Attack = "Without it an exploit knows every address in advance.",
        Remedy = "CONFIG_RANDOMIZE_BASE=y, no nokaslr, kernel.randomize_va_space=2.",
        Reads = "Those three.",
        Reference = "linux Documentation/admin-guide/kernel-parameters.txt",
    };

    private static Verdict JudgeKaslr(AuditedSystem system)
    {
        if (system.CommandLine.Find("nokaslr") is not null)
            return Fails("the command line turns it off", Evidence.OnCommandLine("nokaslr"));
        var (space, seen) = system.Sysctl("kernel/randomize_va_space");
        if (space is { } value and not 2)
        {
            var setting = string.Create(CultureInfo.InvariantCulture, $"kernel.randomize_va_space is {value}");
            return Fails($"programs are not fully randomised: {setting}", seen);
        }
        var option = system.Option("RANDOMIZE_BASE");
        if (system.Kernel is not { } kernel || space is null)
            return Unknown("it cannot be seen whether the kernel's own addresses are random", option, seen);
        return kernel["RANDOMIZE_BASE"] == "y"
            ? Holds("kernel and programs are at random addresses", option, seen)
            : Fails("the kernel is at a fixed address", option);
    }
}
