using Sealdisk.Volumes.Keys;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>NXP's crypto engines, which seal with a known key until the chip is closed.</summary>
internal static class NxpKeyChecks
{
    private const string ZeroTestPath = "/sys/module/trusted/parameters/dcp_skip_zk_test";
    private const string ZeroTestWord = "trusted.dcp_skip_zk_test";
    private const string NoKeyMessage = "neither in secure nor trusted mode";
    private const string TrialWasSealed = "a trial key was sealed";

    internal static IReadOnlyList<Check> All => [CaamKey, DcpKey];

    private static Check CaamKey { get; } = new(JudgeCaam)
    {
        Id = "caam-key",
        Group = CheckGroup.Key,
        Severity = Severity.Critical,
        CanBeRequired = true,
        TrialJudge = JudgeCaamTrial,
        Title = "CAAM uses the chip's own key, not NXP's test key",
        Attack = "While the chip is in neither the secure nor the trusted state, CAAM seals with a test key that is the same on "
            + "all chips. Any other open chip opens what was sealed with it, and once the device is closed, the device itself no "
            + "longer does.",
        Remedy = "Close the device (HAB) before the first boot seals anything. If that is too late, set up the volumes again.",
        Reads = "The kernel log, for the driver's warning 'using insecure test key'. The driver checks only when it seals or "
            + "unseals a key: without the warning this holds if a volume that CAAM sealed is open and the log reaches back to "
            + "the boot. As a requirement of a first boot it is tested with a trial key.",
        Reference = "linux drivers/crypto/caam/blob_gen.c",
    };

    private static Check DcpKey { get; } = new(JudgeDcp)
    {
        Id = "dcp-key",
        Group = CheckGroup.Key,
        Severity = Severity.Critical,
        CanBeRequired = true,
        TrialJudge = JudgeDcpTrial,
        Title = "DCP uses the chip's own key, not one of zeros",
        Attack = "While the chip is in neither the secure nor the trusted state, the DCP's key reads as zeros, and anyone can "
            + "open what it seals. The kernel then refuses to seal, unless it was told to skip that test.",
        Remedy = "Close the device, and remove trusted.dcp_skip_zk_test.",
        Reads = "The command line for trusted.dcp_skip_zk_test (the kernel does not show it in /sys), and the kernel log for "
            + "'neither in secure nor trusted mode'. A kernel that was not told to skip its test offers no keys of a DCP without "
            + "a key, so this holds if a volume that the DCP sealed is open. As a requirement of a first boot it is tested with "
            + "a trial key.",
        Reference = "linux security/keys/trusted-keys/trusted_dcp.c",
    };

    private static Verdict JudgeCaam(AuditedSystem system)
    {
        if (system.Platform.Family is not { HasCaam: true } && !HasVolumeOf(system, TrustSource.Caam))
            return NotApplicable("there is no CAAM here");
        return OfCaam(system.KernelLog, OpenVolumeOf(system, TrustSource.Caam), isCovered: ReachesBoot(system.KernelLog));
    }

    private static Verdict JudgeCaamTrial(AuditedSystem system, TrialKey trial) =>
        IsSealedBy(trial, TrustSource.Caam, BlobKind.Caam)
            ? OfCaam(system.KernelLog, TrialWasSealed, isCovered: true)
            : JudgeCaam(system);

    /// <summary>
    /// The driver looks at the chip's state each time it seals or unseals, and only then (caam_process_blob of
    /// drivers/crypto/caam/blob_gen.c): a log without its warning says something only if it covers such a moment.
    /// </summary>
    /// <param name="log">The kernel's, or null.</param>
    /// <param name="used">What shows that CAAM has sealed or unsealed a key, or null.</param>
    /// <param name="isCovered">The log reaches back to before that.</param>
    private static Verdict OfCaam(IReadOnlyList<string>? log, string? used, bool isCovered)
    {
        if (log is null)
            return Unknown("the kernel log cannot be read", Evidence.InKernelLog("unreadable"));
        if (log.FirstOrDefault(line => line.Contains("using insecure test key", StringComparison.Ordinal)) is { } warning)
            return Fails("CAAM seals with NXP's test key, which is the same on every open chip", Evidence.InKernelLog(warning));
        var length = Evidence.InKernelLog($"{log.Count} messages");
        if (used is null)
            return Unknown(
                "nothing shows that CAAM has sealed or unsealed a key since the boot; its driver warns of the test key only then", length);
        return isCovered
            ? Holds($"{used}, and CAAM did not warn of the test key", Evidence.InKernelLog("no 'using insecure test key'"))
            : Unknown("the kernel log does not reach back to the boot", length);
    }

    private static Verdict JudgeDcp(AuditedSystem system)
    {
        if (system.Platform.Family is not { HasDcp: true } && !HasVolumeOf(system, TrustSource.Dcp))
            return NotApplicable("there is no DCP here");
        return OfDcp(system, OpenVolumeOf(system, TrustSource.Dcp));
    }

    private static Verdict JudgeDcpTrial(AuditedSystem system, TrialKey trial) =>
        IsSealedBy(trial, TrustSource.Dcp, BlobKind.Dcp) ? OfDcp(system, TrialWasSealed) : JudgeDcp(system);

    /// <summary>
    /// The kernel tests the key once, before it offers trusted keys of the DCP at all (trusted_dcp_init of
    /// security/keys/trusted-keys/trusted_dcp.c): a key that was sealed or unsealed proves that the test was passed or skipped.
    /// </summary>
    /// <param name="system">The system.</param>
    /// <param name="used">What shows that the DCP has sealed or unsealed a key, or null.</param>
    private static Verdict OfDcp(AuditedSystem system, string? used)
    {
        // The kernel shows neither this parameter nor dcp_use_otp_key in /sys (their mode is 0); if one does, it is believed.
        var skip = system.Root.Read(ZeroTestPath);
        var isKnown = system.CommandLine.IsKnown;
        var word = Evidence.OnCommandLine(isKnown ? system.CommandLine.Find(ZeroTestWord) ?? $"no {ZeroTestWord}" : "unreadable");
        if (skip is { Ok: true, Text: "Y" or "1" } || system.CommandLine.IsOn(ZeroTestWord))
            return Fails("the kernel was told not to test the DCP's key", skip.Ok ? Evidence.Of(skip) : word);
        if (system.KernelLog?.FirstOrDefault(line => line.Contains(NoKeyMessage, StringComparison.Ordinal)) is { } warning)
            return Fails("the DCP has no key yet: it reads as zeros", Evidence.InKernelLog(warning));
        if (used is null)
            return Unknown("nothing shows that the kernel has tested the DCP's key: no volume that it sealed is open", word);
        if (!isKnown)
            return Unknown("it cannot be seen whether the kernel was told not to test the DCP's key", word);
        if (system.Root.Exists("/sys/module/trusted/initstate"))
            return Unknown(
                "it cannot be seen whether the kernel was told not to test the DCP's key",
                new Evidence("/sys/module/trusted", "a module, with parameters of its own"));
        return Holds($"{used}: the kernel offers keys of the DCP only after it has tested its key for zeros", word);
    }

    private static bool HasVolumeOf(AuditedSystem system, TrustSource source) =>
        system.Volumes.All.Any(volume => volume.Source == source);

    /// <summary>That a volume of that source is open, which shows that its key was unsealed since the boot; null if none is.</summary>
    private static string? OpenVolumeOf(AuditedSystem system, TrustSource source) =>
        system.Volumes.All.FirstOrDefault(volume => volume.Source == source && IsOpen(system, volume)) is { } open
            ? $"volume {open.Spec.Name} is open"
            : null;

    /// <summary>It is mounted through one of Sealdisk's mappings.</summary>
    private static bool IsOpen(AuditedSystem system, AuditedVolume volume) =>
        volume.Spec.Mount is { } target && system.Mounts?.LastOrDefault(mount => mount.Target == target) is { } mount
        && system.MapperUuid(mount.Device).StartsWith(DmUuid.Prefix, StringComparison.Ordinal);

    private static bool IsSealedBy(TrialKey trial, TrustSource source, BlobKind kind)
    {
        if (trial.Source is not (TrustSource.Caam or TrustSource.Dcp or TrustSource.Auto))
            return false;
        // Sealed even if the source is plain: only then has the driver looked.
        var sealedBy = BlobDescription.Of(trial.Blob.Bytes).Kind;
        return trial.Source == source || sealedBy == kind;
    }

    private static bool ReachesBoot(IReadOnlyList<string>? log) => log is not null && log.Take(50).Any(line =>
        line.Contains("Linux version ", StringComparison.Ordinal) || line.Contains("Booting Linux on", StringComparison.Ordinal));
}
