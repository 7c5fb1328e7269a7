using Sealdisk.Linux;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>The TEE, as Linux sees it.</summary>
internal static class TeeChecks
{
    private const string TeeClass = "/sys/class/tee";
    private const int OthersMayReadOrWrite = Permissions.Mode0006;

    internal static IReadOnlyList<Check> All => [OpTeeRevision, TeeNodes];

    private static Check OpTeeRevision { get; } = new(JudgeRevision)
    {
        Id = "optee-revision",
        Group = CheckGroup.Key,
        Severity = Severity.Info,
        Title = "OP-TEE's revision is known",
        Attack = "On several chips the HUK source depends on OP-TEE's version, so an update can change the HUK. Sealed keys then "
            + "no longer open.",
        Remedy = "Record the OP-TEE version of each release. Before an update, see in docs/huk-sources.md whether the HUK "
            + "changes. Linux shows the revision in /sys/class/tee/tee0/revision from 6.19 on, and in its log before that.",
        Reads = "/sys/class/tee/tee0/revision, else the kernel log's line 'optee: revision'.",
        Reference = "linux drivers/tee/optee",
    };

    private static Check TeeNodes { get; } = new(JudgeNodes)
    {
        Id = "tee-nodes",
        Group = CheckGroup.Key,
        Severity = Severity.Low,
        Title = "Only privileged users may talk to the TEE",
        Attack = "Any process that may open /dev/tee0 can open sessions with trusted applications and probe them for vulnerabilities.",
        Remedy = "Give /dev/tee0 a group of its own and mode 0660, with a udev rule.",
        Reads = "The modes of /dev/tee0 and /dev/teepriv0.",
        Reference = "linux Documentation/driver-api/tee.rst",
    };

    private static Verdict JudgeRevision(AuditedSystem system)
    {
        const string Words = "optee: revision ";
        var revision = system.Root.Read("/sys/class/tee/tee0/revision");
        if (revision.Ok)
            return Holds($"OP-TEE {revision.Text}", Evidence.Of(revision));
        if (system.KernelLog?.FirstOrDefault(line => line.Contains(Words, StringComparison.Ordinal)) is { } message)
        {
            var number = message[(message.IndexOf(Words, StringComparison.Ordinal) + Words.Length)..];
            return Holds($"OP-TEE {number}", Evidence.InKernelLog(message));
        }
        return system.Root.List(TeeClass).Count > 0
            ? Unknown("OP-TEE is there, but its revision is not shown anywhere", Evidence.Of(revision))
            : NotApplicable("there is no TEE", new Evidence(TeeClass, "empty"));
    }

    private static Verdict JudgeNodes(AuditedSystem system)
    {
        if (system.Root.List(TeeClass).Count == 0)
            return NotApplicable("there is no TEE", new Evidence(TeeClass, "empty"));
        foreach (var path in new[] { "/dev/tee0", "/dev/teepriv0" })
        {
            if (system.Root.OwnershipOf(path) is not { } ownership)
                return Unknown($"the mode of {path} is not known");
            if ((ownership.Mode & OthersMayReadOrWrite) != 0)
                return Fails($"every user may open {path}", new Evidence(path, $"mode {ownership.ModeText}"));
        }
        return Holds("other users may not open the TEE's nodes", new Evidence("/dev/tee0", "no rights for others"));
    }
}
