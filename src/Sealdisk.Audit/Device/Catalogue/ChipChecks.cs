namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>The life cycle of the chip.</summary>
internal static class ChipChecks
{
    internal static IReadOnlyList<Check> All => [Closed];

    private static Check Closed { get; } = new(system => system.Platform.JudgeLifeCycle(system.Root))
    {
        Id = "closed",
        Group = CheckGroup.Boot,
        Severity = Severity.Critical,
        CanBeRequired = true,
        MustApply = true,
        IsPillar = true,
        Title = "The chip is closed: it boots signed code only",
        Attack = "An open chip boots anything on its boot medium. A thief boots his own kernel, is root on it, and asks the same "
            + "OP-TEE to unseal the same key; OP-TEE does.",
        Remedy = "Burn the key hash, check that the signed images boot without an error event, then close the device. On many "
            + "chips this changes the hardware key: set up the volumes again afterwards.",
        Reads = "The life-cycle fuse of the chip's family through nvmem, as docs/huk-sources.md gives it for each family. It "
            + "shows what is burnt, not what this boot did. Families without such a file are unknown.",
        Reference = "docs/huk-sources.md",
    };
}
