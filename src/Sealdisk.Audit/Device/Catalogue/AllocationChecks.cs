using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>What is left in memory, and what leaks out of it with a copy.</summary>
internal static class AllocationChecks
{
    internal static IReadOnlyList<Check> All => [InitOnFree, InitOnAlloc, HardenedUsercopy];

    private static Check InitOnFree { get; } = new(JudgeFree)
    {
        Id = "init-on-free",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Freed memory is wiped",
        Attack = "Freed pages keep keys and plaintext until they are used again. A cold-boot attack, a DMA device or a leak of "
            + "uninitialised memory finds them.",
        Remedy = "init_on_free=1 on the command line, or CONFIG_INIT_ON_FREE_DEFAULT_ON=y. It costs a few percent.",
        Reads = "The command line, then the kernel's configuration.",
        Reference = "linux security/Kconfig.hardening",
    };

    private static Check InitOnAlloc { get; } = new(JudgeAlloc)
    {
        Id = "init-on-alloc",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Memory is zeroed when it is allocated",
        Attack = "The old content of a buffer leaks to the program or driver that gets it next.",
        Remedy = "init_on_alloc=1, or CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y.",
        Reads = "The command line, then the kernel's configuration.",
        Reference = "linux security/Kconfig.hardening",
    };

    private static Check HardenedUsercopy { get; } = new(JudgeUsercopy)
    {
        Id = "hardened-usercopy",
        Group = CheckGroup.Kernel,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "Copies to user space stay within their objects",
        Attack = "A wrong length in a driver copies neighbouring kernel memory, which may hold keys, to a program.",
        Remedy = "CONFIG_HARDENED_USERCOPY=y, without hardened_usercopy=off.",
        Reads = "The kernel's configuration and command line.",
        Reference = "linux security/Kconfig.hardening",
    };

    private static Verdict JudgeFree(AuditedSystem system) =>
        OfDefault(system, "init_on_free", "INIT_ON_FREE_DEFAULT_ON", "freed memory keeps its content");

    private static Verdict JudgeAlloc(AuditedSystem system) =>
        OfDefault(system, "init_on_alloc", "INIT_ON_ALLOC_DEFAULT_ON", "allocated memory keeps its old content");

    private static Verdict OfDefault(AuditedSystem system, string word, string option, string failure)
    {
        if (system.CommandLine.Value(word) is { } value)
            return value is "1" or "on" or "y"
                ? Holds("the command line turns it on", Evidence.OnCommandLine($"{word}={value}"))
                : Fails("the command line turns it off", Evidence.OnCommandLine($"{word}={value}"));
        if (system.Kernel is not { } kernel || !system.CommandLine.IsKnown)
            return Unknown("neither the command line nor the kernel's configuration shows it", system.Option(option));
        return kernel[option] == "y" ? Holds("the kernel was built with it", system.Option(option)) : Fails(failure, system.Option(option));
    }

    private static Verdict JudgeUsercopy(AuditedSystem system)
    {
        if (system.CommandLine.Value("hardened_usercopy") is "off" or "0")
            return Fails("the command line turns it off", Evidence.OnCommandLine("hardened_usercopy=off"));
        if (system.Kernel is not { } kernel)
            return Unknown("it cannot be seen how the kernel was built", system.Option("HARDENED_USERCOPY"));
        return kernel["HARDENED_USERCOPY"] == "y"
            ? Holds("the kernel was built with it", system.Option("HARDENED_USERCOPY"))
            : Fails("the kernel does not check copies", system.Option("HARDENED_USERCOPY"));
    }
}
