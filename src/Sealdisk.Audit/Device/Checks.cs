using Sealdisk.Audit.Device.Catalogue;

namespace Sealdisk.Audit.Device;

/// <summary>All checks. An id, once released, keeps its meaning.</summary>
public static class Checks
{
    /// <summary>In reading order: by group, and within a group roughly the worst first.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        .. HukChecks.All, .. TrustedKeyChecks.All, .. NxpKeyChecks.All, .. TpmChecks.All, .. TeeChecks.All,
        .. ChipChecks.All, .. UefiChecks.All, .. KernelCodeChecks.All, .. ProgramChecks.All, .. ConsoleChecks.All,
        .. KernelMemoryChecks.All, .. MemoryDumpChecks.All, .. IsolationChecks.All, .. KernelInterfaceChecks.All,
        .. AllocationChecks.All, .. ObserverChecks.All, .. KernelAddressChecks.All,
        .. VolumeKeyChecks.All, .. CiphertextChecks.All, .. ConfigurationChecks.All, .. PlaintextChecks.All, .. RecordChecks.All,
    ];

    /// <summary>The ids of the checks that a volume may require before its first boot.</summary>
    public static IReadOnlyList<string> Requirable { get; } = [.. All.Where(check => check.CanBeRequired).Select(check => check.Id)];

    /// <summary>The groups that have checks, in reading order.</summary>
    public static IReadOnlyList<CheckGroup> Groups { get; } = [.. All.Select(check => check.Group).Distinct()];

    /// <summary>The check of that id, or null.</summary>
    public static Check? Find(string id)
    {
        foreach (var check in All)
        {
            if (check.Id == id)
                return check;
        }
        return null;
    }
}
