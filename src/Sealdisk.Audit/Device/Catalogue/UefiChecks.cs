using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Secure boot of UEFI firmware.</summary>
internal static class UefiChecks
{
    private const string FirmwarePath = "/sys/firmware/efi";
    private const string GlobalVariables = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

    internal static IReadOnlyList<Check> All => [SecureBoot];

    private static Check SecureBoot { get; } = new(JudgeSecureBoot)
    {
        Id = "uefi-secure-boot",
        Group = CheckGroup.Boot,
        Severity = Severity.High,
        CanBeRequired = true,
        MustApply = true,
        IsPillar = true,
        Title = "UEFI secure boot is on, and its keys are set",
        Attack = "With secure boot off, or in setup mode, the firmware starts any boot loader. An attacker's system then runs on "
            + "the same hardware, and a TPM without a policy, or the TEE, unseals for it.",
        Remedy = "Enrol your keys, leave setup mode and turn secure boot on. Protect the firmware setup with a password.",
        Reads = "The EFI variables SecureBoot and SetupMode. Does not apply if the system did not boot through UEFI.",
        Reference = "UEFI specification, 3.3 and 32; linux Documentation/filesystems/efivarfs.rst",
    };

    private static Verdict JudgeSecureBoot(AuditedSystem system)
    {
        if (!system.Root.Exists(FirmwarePath))
            return system.Platform.Machine is null
                ? Unknown("it is not known how this system booted", new Evidence(FirmwarePath, "absent"))
                : NotApplicable("the system did not boot through UEFI", new Evidence(FirmwarePath, "absent"));
        var (state, stateSeen) = Variable(system.Root, "SecureBoot");
        if (state is null)
            return Unknown("the state of secure boot cannot be read", stateSeen);
        if (state == 0)
            return Fails("secure boot is off", stateSeen);
        var (setup, setupSeen) = Variable(system.Root, "SetupMode");
        return setup switch
        {
            0 => Holds("secure boot is on and its keys are set; the audit does not check whose keys they are", stateSeen, setupSeen),
            null => Unknown("secure boot is on, but it cannot be read whether it is in setup mode", stateSeen, setupSeen),
            _ => Fails("the firmware is in setup mode: anyone may set the keys", setupSeen),
        };
    }

    /// <summary>A variable of one byte; its file holds four bytes of attributes before it.</summary>
    private static (int? Value, Evidence Evidence) Variable(SystemRoot root, string name)
    {
        var reading = root.Read($"{FirmwarePath}/efivars/{name}-{GlobalVariables}");
        return reading is { Ok: true, Bytes: [_, _, _, _, var value] }
            ? (value, new Evidence(reading.Path, $"{name} = {value}"))
            : (null, new Evidence(reading.Path, reading.Problem ?? (reading.Ok ? "not of five bytes" : "absent")));
    }
}
