using Sealdisk.Volumes.Keys;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>The kernel's trusted keys.</summary>
internal static class TrustedKeyChecks
{
    private const string TaPath = "/sys/bus/tee/devices/optee-ta-f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c";
    private const string ParametersPath = "/sys/module/trusted/parameters";

    internal static IReadOnlyList<Check> All => [TrustedKeys, TrustedDebugOff];

    private static Check TrustedKeys { get; } = new(JudgeBacking)
    {
        Id = "trusted-keys",
        Group = CheckGroup.Key,
        Severity = Severity.High,
        Title = "The kernel's trusted keys are backed by the trust source that the volumes use",
        Attack = "Without it, no volume opens at the next boot. A system that makes its keys elsewhere instead usually keeps "
            + "them in a file.",
        Remedy = "Build the trusted-keys TA into OP-TEE as an early TA (CFG_IN_TREE_EARLY_TAS += "
            + "trusted_keys/f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c), and the kernel with CONFIG_TRUSTED_KEYS_TEE. Set "
            + "trusted.source= if there are several sources.",
        Reads = "/sys/bus/tee/devices for the TA and its driver, and /sys/class/tpm. Applies to volumes with a hardware source.",
        Reference = "linux security/keys/trusted-keys, Documentation/security/keys/trusted-encrypted.rst",
    };

    private static Check TrustedDebugOff { get; } = new(JudgeDebug)
    {
        Id = "trusted-debug-off",
        Group = CheckGroup.Key,
        Severity = Severity.Critical,
        CanBeRequired = true,
        Title = "The kernel does not print trusted keys",
        Attack = "With trusted.debug the kernel writes the plaintext of trusted keys to its log, which ends up in files and on "
            + "log servers.",
        Remedy = "Remove trusted.debug from the command line and build without CONFIG_TRUSTED_KEYS_DEBUG. Assume that keys which "
            + "were in use with it have been read.",
        Reads = "/sys/module/trusted/parameters/debug, the command line, CONFIG_TRUSTED_KEYS_DEBUG.",
        Reference = "linux security/keys/trusted-keys (2026)",
    };

    private static Verdict JudgeBacking(AuditedSystem system)
    {
        var configuration = system.Volumes.ConfigurationEvidence;
        var sources = system.Volumes.All.Select(volume => volume.Source).Where(source => source.IsKernel()).ToHashSet();
        if (sources.Count == 0)
            return NotApplicable("no volume has a hardware source", configuration);
        if (!system.Root.Exists("/sys/class") && !system.Root.Exists("/sys/bus"))
            return Unknown("there is no /sys to look at");
        var tpms = system.Root.List("/sys/class/tpm");
        if (sources.Contains(TrustSource.Tpm))
            return tpms is [var tpm, ..]
                ? Holds("the kernel has a TPM", new Evidence("/sys/class/tpm", tpm))
                : Fails("a volume is sealed by a TPM, but the kernel has none", new Evidence("/sys/class/tpm", "empty"));
        if (!sources.Contains(TrustSource.Tee) && !sources.Contains(TrustSource.Auto))
            return Unknown("no file shows whether CAAM or DCP backs the kernel's trusted keys", configuration);
        if (system.Root.Exists($"{TaPath}/driver"))
            return Holds(
                "OP-TEE's trusted-keys TA backs the kernel's trusted keys", new Evidence(TaPath, "there, and bound to its driver"));
        if (system.Root.Exists(TaPath))
            return Fails(
                "OP-TEE has the trusted-keys TA, but no kernel driver is bound to it", new Evidence(TaPath, "there, without driver"));
        if (sources.Contains(TrustSource.Auto) && tpms.Count > 0)
            return Unknown("no file shows which source 'auto' selects", configuration);
        return Fails(
            "OP-TEE does not offer its trusted-keys TA to the kernel: there is no OP-TEE, or the TA is not built in as an early TA",
            new Evidence(TaPath, "absent"));
    }

    private static Verdict JudgeDebug(AuditedSystem system)
    {
        var parameter = system.Root.Read($"{ParametersPath}/debug");
        var word = system.CommandLine.Value("trusted.debug");
        if (parameter is { Ok: true, Text: "Y" or "1" })
            return Fails("the kernel prints trusted keys in the clear", Evidence.Of(parameter));
        if (parameter.Ok)
            return Holds("it is off", Evidence.Of(parameter));
        if (word is "1" or "y" or "Y")
            return Fails("the kernel prints trusted keys in the clear", Evidence.OnCommandLine($"trusted.debug={word}"));
        if (system.IsBuiltWithout("TRUSTED_KEYS_DEBUG"))
            return Holds("the kernel was built without it", system.Option("TRUSTED_KEYS_DEBUG"));
        return system.Root.Exists(ParametersPath)
            ? Holds("this kernel has no such parameter", new Evidence(parameter.Path, "absent"))
            : Unknown("the kernel shows no parameters of trusted keys", new Evidence(ParametersPath, "absent"));
    }
}
