namespace Sealdisk.Audit.Device;

/// <summary>All checks. An id, once released, keeps its meaning.</summary>
public static partial class Checks
{
    /// <summary>In reading order.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        HukUnknown, HukSource, TrustedKeys, TrustedDebugOff, CaamKey, DcpKey, TpmPolicy, OpTeeRevision, TeeNodes,
        Closed, UefiSecureBoot, ModuleSignatures, Lockdown, DmVerity, Ima, NoBootShell, NoKernelDebugger, RootPassword,
        DevMem, Kcore, Kexec, Kdump, Hibernation, StrictRwx, Iommu, CpuMitigations, Debugfs, UnprivilegedBpf, InitOnFree, Sysrq, Kprobes, Perf, Userfaultfd, InitOnAlloc,
        HardenedUsercopy, PtraceScope, KptrRestrict, DmesgRestrict, Kaslr,
        Configuration, HardwareSource, KeyUnique, SealedClosed, Cipher, FileModes, Swap, Keyrings, RecordCopies, FirstBootDone, PlainFilesystems, Discard, CoreDumps,
    ];

    /// <summary>
    /// The ids of the checks that a volume may require before its first boot: those of the device, which need no volume to look at.
    /// </summary>
    public static IReadOnlyList<string> Requirable { get; } = [.. All.Where(IsOfTheDevice).Select(check => check.Id)];

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

    private static bool IsOfTheDevice(Check check) =>
        check.Group is CheckGroup.Boot or CheckGroup.Kernel || check == HukUnknown || check == HukSource || check == TrustedDebugOff || check == CaamKey || check == DcpKey;
}
