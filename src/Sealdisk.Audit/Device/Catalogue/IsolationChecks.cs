using System.Globalization;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>What keeps programs and devices out of memory that is not theirs.</summary>
internal static class IsolationChecks
{
    internal static IReadOnlyList<Check> All => [StrictRwx, Iommu, CpuMitigations];

    private static Check StrictRwx { get; } = new(JudgeRwx)
    {
        Id = "strict-rwx",
        Group = CheckGroup.Kernel,
        Severity = Severity.Medium,
        CanBeRequired = true,
        Title = "Kernel code is read-only and kernel data cannot be executed",
        Attack = "A bug that lets an attacker write to kernel memory lets him run code in the kernel.",
        Remedy = "CONFIG_STRICT_KERNEL_RWX=y and CONFIG_STRICT_MODULE_RWX=y, without rodata=off.",
        Reads = "Those two options, and rodata= on the command line.",
        Reference = "linux arch/Kconfig",
    };

    private static Check Iommu { get; } = new(JudgeIommu)
    {
        Id = "iommu",
        Group = CheckGroup.Kernel,
        Severity = Severity.Medium,
        CanBeRequired = true,
        Title = "An IOMMU keeps devices out of memory that is not theirs",
        Attack = "A device on PCIe, Thunderbolt or an FPGA's bus reads memory, including keys, without the processor.",
        Remedy = "Enable the IOMMU in firmware and kernel, without passthrough (iommu.passthrough=0, iommu.strict=1). It matters "
            + "less on boards without such a connector or programmable device.",
        Reads = "/sys/kernel/iommu_groups, the IOMMU options of the command line, and /sys/bus/pci to see whether there is a bus "
            + "to attack.",
        Reference = "linux Documentation/admin-guide/kernel-parameters.txt",
    };

    private static Check CpuMitigations { get; } = new(JudgeMitigations)
    {
        Id = "cpu-mitigations",
        Group = CheckGroup.Kernel,
        Severity = Severity.Medium,
        CanBeRequired = true,
        Title = "Known vulnerabilities of the processor are mitigated",
        Attack = "An unprivileged program reads kernel memory through speculative execution.",
        Remedy = "Remove mitigations=off and nospectre_*, and update kernel, firmware and microcode.",
        Reads = "/sys/devices/system/cpu/vulnerabilities, mitigations= on the command line.",
        Reference = "linux Documentation/admin-guide/hw-vuln",
    };

    private static Verdict JudgeRwx(AuditedSystem system)
    {
        if (system.CommandLine.Value("rodata") is "off" or "0")
            return Fails("rodata=off leaves kernel code writable", Evidence.OnCommandLine("rodata=off"));
        if (system.Kernel is not { } kernel)
            return Unknown("it cannot be seen how the kernel was built", system.Option("STRICT_KERNEL_RWX"));
        Evidence[] options = [system.Option("STRICT_KERNEL_RWX"), system.Option("STRICT_MODULE_RWX")];
        var areModulesStrict = kernel["MODULES"] == "n" || kernel["STRICT_MODULE_RWX"] == "y";
        return kernel["STRICT_KERNEL_RWX"] == "y" && areModulesStrict
            ? Holds("code is read-only, and data cannot be executed", options)
            : Fails("kernel or module code is writable", options);
    }

    private static Verdict JudgeIommu(AuditedSystem system)
    {
        var groups = system.Root.List("/sys/kernel/iommu_groups").Count;
        var seen = new Evidence("/sys/kernel/iommu_groups", groups == 0 ? "none" : $"{groups} group(s)");
        if (groups > 0 && IsPassedThrough(system.CommandLine))
            return Fails("the IOMMU is in passthrough mode: it stops no device", Evidence.OnCommandLine("iommu.passthrough=1 or iommu=pt"));
        if (groups > 0)
            return Holds("an IOMMU is in use; the audit does not check which devices it covers", seen);
        if (!system.Root.Exists("/sys/bus"))
            return Unknown("there is no /sys to look at", seen);
        var devices = system.Root.List("/sys/bus/pci/devices").Count;
        var bus = new Evidence("/sys/bus/pci/devices", string.Create(CultureInfo.InvariantCulture, $"{devices} device(s)"));
        return devices > 0
            ? Fails("there is a PCI bus, but no IOMMU in use", seen, bus)
            : NotApplicable("there is no PCI bus; the audit does not look at on-chip devices", seen);
    }

    private static bool IsPassedThrough(KernelCommandLine commandLine) =>
        commandLine.Value("iommu.passthrough") == "1" || commandLine.Value("iommu") is "pt" or "off";

    private static Verdict JudgeMitigations(AuditedSystem system)
    {
        const string Folder = "/sys/devices/system/cpu/vulnerabilities";
        if (system.CommandLine.Value("mitigations") == "off")
            return Fails("mitigations are off", Evidence.OnCommandLine("mitigations=off"));
        var known = system.Root.List(Folder).Select(name => (Name: name, Reading: system.Root.Read($"{Folder}/{name}")))
            .Where(file => file.Reading.Ok).ToArray();
        if (known.Length == 0)
            return Unknown("the kernel does not list the processor's vulnerabilities", new Evidence(Folder, "empty or absent"));
        var open = known.Where(file => file.Reading.Text.StartsWith("Vulnerable", StringComparison.Ordinal)).ToArray();
        if (open.Length == 0)
            return Holds($"none of {known.Length} known vulnerabilities is open", new Evidence(Folder, "no 'Vulnerable'"));
        var names = string.Join(", ", open.Select(file => file.Name));
        return Fails($"not mitigated: {names}", [.. open.Select(file => Evidence.Of(file.Reading))]);
    }
}
