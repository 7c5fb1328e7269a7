using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Whether the programs that run are those that were shipped.</summary>
internal static class ProgramChecks
{
    internal static IReadOnlyList<Check> All => [DmVerity, Ima];

    private static Check DmVerity { get; } = new(JudgeRoot)
    {
        Id = "dm-verity",
        Group = CheckGroup.Boot,
        Severity = Severity.Medium,
        CanBeRequired = true,
        IsPillar = true,
        Title = "The root filesystem is verified",
        Attack = "Signed boot ends with the kernel. An attacker puts the disk into another machine and changes an unverified "
            + "root filesystem. At the next boot his programs run as root, after the volumes are open.",
        Remedy = "Put the root filesystem on dm-verity with its root hash in the signed command line or initramfs. Or use "
            + "fs-verity or IPE, or keep everything that runs in the signed initramfs.",
        Reads = "The source of / in /proc/self/mountinfo and its device-mapper UUID in /sys/block. A root that is an initramfs "
            + "is as good as the signature on it.",
        Reference = "linux Documentation/admin-guide/device-mapper/verity.rst",
    };

    private static Check Ima { get; } = new(JudgeAppraisal)
    {
        Id = "ima",
        Group = CheckGroup.Boot,
        Severity = Severity.Low,
        CanBeRequired = true,
        Title = "IMA or IPE appraises what is run",
        Attack = "Programs that were changed on the disk, or added later, run without any check. This adds little if the root "
            + "filesystem is verified and nothing else may be executed.",
        Remedy = "Use ima_appraise=enforce with a policy and signed files, or IPE with enforce=1. At least mount writable "
            + "filesystems with noexec.",
        Reads = "/sys/kernel/security/ipe/enforce, ima_appraise and ima_policy on the command line, CONFIG_IMA_APPRAISE.",
        Reference = "linux Documentation/ABI/testing/ima_policy, Documentation/admin-guide/LSM/ipe.rst",
    };

    private static Verdict JudgeRoot(AuditedSystem system)
    {
        if (system.Mounts?.LastOrDefault(mount => mount.Target == "/") is not { } root)
            return Unknown("it cannot be read what is mounted as root", new Evidence(AuditedSystem.MountsPath, "no entry for /"));
        var seen = new Evidence(AuditedSystem.MountsPath, $"/ is {root.Type} on {root.Source}");
        var uuid = system.MapperUuid(root.Device);
        if (uuid.StartsWith("CRYPT-VERITY-", StringComparison.Ordinal))
            return Holds(
                "the root filesystem is on dm-verity; the audit does not check whether its root hash is trusted",
                seen, new Evidence($"/sys/dev/block/{root.Device}/dm/uuid", uuid));
        return root.Type switch
        {
            "rootfs" or "tmpfs" or "ramfs" => Unknown(
                "the root filesystem is in memory: it is as good as the signature of the image that it came from", seen),
            "overlay" => Unknown("the root filesystem is an overlay; the audit does not look below it", seen),
            "nfs" or "nfs4" or "9p" or "virtiofs" => Fails("the root filesystem comes from another machine, unverified", seen),
            _ => Fails("the root filesystem is not verified", seen),
        };
    }

    private static Verdict JudgeAppraisal(AuditedSystem system)
    {
        var ipe = system.Root.Read("/sys/kernel/security/ipe/enforce");
        if (ipe is { Ok: true, Text: "1" })
            return Holds("IPE enforces its policy; the audit does not check what the policy allows", Evidence.Of(ipe));
        var appraise = system.CommandLine.Value("ima_appraise");
        var policy = system.CommandLine.Value("ima_policy");
        if (appraise == "enforce" || policy?.Contains("appraise", StringComparison.Ordinal) == true)
            return Holds(
                "IMA appraises; the audit does not check what its policy covers",
                Evidence.OnCommandLine($"ima_appraise={appraise} ima_policy={policy}"));
        if (system.IsBuiltWithout("IMA_APPRAISE") && system.IsBuiltWithout("SECURITY_IPE"))
            return Fails(
                "the kernel was built without IMA appraisal and without IPE", system.Option("IMA_APPRAISE"), system.Option("SECURITY_IPE"));
        return system.CommandLine.IsKnown && system.Kernel is not null
            ? Fails(
                "the command line does not turn on IMA appraisal, and IPE does not enforce",
                Evidence.OnCommandLine("no ima_appraise=enforce, no ima_policy"), Evidence.Of(ipe))
            : Unknown("it cannot be seen whether anything appraises programs", Evidence.Of(ipe));
    }
}
