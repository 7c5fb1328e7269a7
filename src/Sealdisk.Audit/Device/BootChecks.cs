using static Sealdisk.Audit.Device.Finding;

namespace Sealdisk.Audit.Device;

/// <summary>The life cycle of the chip and the chain of trust.</summary>
internal static class BootChecks
{
    private const string EfiVariables = "/sys/firmware/efi/efivars";
    private const string EfiGlobal = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

    internal static IEnumerable<Finding> Run(Look look) =>
    [
        look.Platform.LifeCycleFinding(look.Root), SecureBoot(look), ModuleSignatures(look), Lockdown(look), Verity(look), Ima(look), BootShell(look), Debugger(look), RootPassword(look),
    ];

    private static Finding SecureBoot(Look look)
    {
        if (!look.Root.Exists("/sys/firmware/efi"))
            return look.Platform.Machine is null
                ? Unknown(Checks.UefiSecureBoot, "how this system booted was not found out", new Evidence("/sys/firmware/efi", "absent"))
                : NotApplicable(Checks.UefiSecureBoot, "the system did not boot through UEFI", new Evidence("/sys/firmware/efi", "absent"));
        var (state, seen) = Variable(look, "SecureBoot");
        if (state is null)
            return Unknown(Checks.UefiSecureBoot, "the state of secure boot cannot be read", seen);
        if (state == 0)
            return Fails(Checks.UefiSecureBoot, "secure boot is off", seen);
        var (setup, setupSeen) = Variable(look, "SetupMode");
        return setup switch
        {
            0 => Holds(Checks.UefiSecureBoot, "secure boot is on, with its keys set; whose keys they are was not looked at", seen, setupSeen),
            null => Unknown(Checks.UefiSecureBoot, "secure boot is on, but whether it is in setup mode cannot be read", seen, setupSeen),
            _ => Fails(Checks.UefiSecureBoot, "the firmware is in setup mode: anybody may set the keys", setupSeen),
        };
    }

    /// <summary>Four bytes of attributes, then the value.</summary>
    private static (int? Value, Evidence Evidence) Variable(Look look, string name)
    {
        var reading = look.Root.Read($"{EfiVariables}/{name}-{EfiGlobal}");
        return reading is { Ok: true, Bytes: [_, _, _, _, var value] }
            ? (value, new Evidence(reading.Path, $"{name} = {value}"))
            : (null, new Evidence(reading.Path, reading.Problem ?? (reading.Ok ? "not of five bytes" : "absent")));
    }

    private static Finding ModuleSignatures(Look look)
    {
        var enforced = look.Root.Read("/sys/module/module/parameters/sig_enforce");
        var (disabled, disabledSeen) = look.Sysctl("kernel/modules_disabled");
        if (look.Kernel is { } kernel && kernel["MODULES"] == "n")
            return Holds(Checks.ModuleSignatures, "the kernel has no modules", look.Option("MODULES"));
        if (disabled == 1)
            return Holds(Checks.ModuleSignatures, "no further module can be loaded", disabledSeen);
        if (enforced is { Ok: true, Text: "Y" or "1" })
            return Holds(Checks.ModuleSignatures, "signatures are enforced; whose they may be was not looked at", Look.Seen(enforced));
        if (look.Lockdown >= LockdownLevel.Integrity)
            return Holds(Checks.ModuleSignatures, "lockdown enforces signatures", look.LockdownEvidence);
        if (enforced.Ok)
            return Fails(Checks.ModuleSignatures, "modules without a signature are loaded", Look.Seen(enforced));
        return look.Kernel is { } built && built["MODULES"] == "y" && built["MODULE_SIG"] == "n"
            ? Fails(Checks.ModuleSignatures, "the kernel knows no module signatures", look.Option("MODULE_SIG"))
            : Unknown(Checks.ModuleSignatures, "whether signatures are enforced cannot be seen", Look.Seen(enforced));
    }

    private static Finding Lockdown(Look look) => look.Lockdown switch
    {
        LockdownLevel.Confidentiality => Holds(Checks.Lockdown, "lockdown is at confidentiality", look.LockdownEvidence),
        LockdownLevel.Integrity => Fails(Checks.Lockdown, "lockdown protects the kernel's code, but lets root read its memory", look.LockdownEvidence) with { Severity = Severity.Low },
        LockdownLevel.None => Fails(Checks.Lockdown, "lockdown is off", look.LockdownEvidence),
        _ when look.Kernel is { } kernel && kernel["SECURITY_LOCKDOWN_LSM"] == "n" => Fails(Checks.Lockdown, "the kernel was built without lockdown", look.Option("SECURITY_LOCKDOWN_LSM")),
        _ => Unknown(Checks.Lockdown, "the state of lockdown cannot be read", look.LockdownEvidence),
    };

    private static Finding Verity(Look look)
    {
        if (look.Mounts?.LastOrDefault(mount => mount.Target == "/") is not { } root)
            return Unknown(Checks.DmVerity, "what is mounted as root cannot be read", new Evidence(Look.MountsPath, "no entry for /"));
        var seen = new Evidence(Look.MountsPath, $"/ is {root.Type} on {root.Source}");
        var uuid = look.MapperUuid(root.Device);
        if (uuid.StartsWith("CRYPT-VERITY-", StringComparison.Ordinal))
            return Holds(Checks.DmVerity, "the root filesystem is on dm-verity; whether its root hash is trusted was not looked at", seen, new Evidence($"/sys/dev/block/{root.Device}/dm/uuid", uuid));
        return root.Type switch
        {
            "rootfs" or "tmpfs" or "ramfs" => Unknown(Checks.DmVerity, "the root filesystem is in memory: it is as good as the signature over the image it came from", seen),
            "overlay" => Unknown(Checks.DmVerity, "the root filesystem is an overlay; what is below it was not looked at", seen),
            "nfs" or "nfs4" or "9p" or "virtiofs" => Fails(Checks.DmVerity, "the root filesystem comes from another machine, unverified", seen),
            _ => Fails(Checks.DmVerity, "the root filesystem is not verified", seen),
        };
    }

    private static Finding Ima(Look look)
    {
        var ipe = look.Root.Read("/sys/kernel/security/ipe/enforce");
        if (ipe is { Ok: true, Text: "1" })
            return Holds(Checks.Ima, "IPE enforces its policy; what that allows was not looked at", Look.Seen(ipe));
        if (look.CommandLine.Value("ima_appraise") == "enforce" || look.CommandLine.Value("ima_policy")?.Contains("appraise", StringComparison.Ordinal) == true)
            return Holds(Checks.Ima, "IMA appraises; what its policy covers was not looked at", new Evidence(CommandLine.FilePath, $"ima_appraise={look.CommandLine.Value("ima_appraise")} ima_policy={look.CommandLine.Value("ima_policy")}"));
        if (look.Kernel is { } kernel && kernel["IMA_APPRAISE"] == "n" && kernel["SECURITY_IPE"] == "n")
            return Fails(Checks.Ima, "the kernel was built without IMA appraisal and without IPE", look.Option("IMA_APPRAISE"), look.Option("SECURITY_IPE"));
        return look.CommandLine.IsKnown && look.Kernel is not null
            ? Fails(Checks.Ima, "nothing on the command line has IMA appraise what is run, and IPE does not enforce", new Evidence(CommandLine.FilePath, "no ima_appraise=enforce, no ima_policy"), Look.Seen(ipe))
            : Unknown(Checks.Ima, "whether anything appraises programs cannot be seen", Look.Seen(ipe));
    }

    private static Finding BootShell(Look look)
    {
        if (!look.CommandLine.IsKnown)
            return Unknown(Checks.NoBootShell, "the command line cannot be read", new Evidence(CommandLine.FilePath, "unreadable"));
        string[] words = ["rd.break", "rd.shell", "single", "s", "S", "1", "emergency", "rescue", "systemd.debug_shell", "break"];
        string[] units = ["rescue.target", "emergency.target"];
        var word = words.FirstOrDefault(name => look.CommandLine.Find(name) is { } found && !found.EndsWith("=0", StringComparison.Ordinal) && !found.EndsWith("=no", StringComparison.Ordinal));
        if (word is not null)
            return Fails(Checks.NoBootShell, $"'{word}' on the command line starts a shell", new Evidence(CommandLine.FilePath, look.CommandLine.Find(word)!));
        foreach (var name in new[] { "init", "rdinit" })
        {
            if (look.CommandLine.Value(name) is { } program && (program.EndsWith("sh", StringComparison.Ordinal) || program.EndsWith("/busybox", StringComparison.Ordinal)))
                return Fails(Checks.NoBootShell, $"{name}={program} starts a shell in place of init", new Evidence(CommandLine.FilePath, $"{name}={program}"));
        }
        if (look.CommandLine.Value("systemd.unit") is { } unit && units.Contains(unit, StringComparer.Ordinal))
            return Fails(Checks.NoBootShell, $"systemd.unit={unit} starts a shell", new Evidence(CommandLine.FilePath, $"systemd.unit={unit}"));
        return Holds(Checks.NoBootShell, "no word of the command line is known to start a shell", new Evidence(CommandLine.FilePath, "none of them"));
    }

    private static Finding Debugger(Look look)
    {
        var parameter = look.Root.Read("/sys/module/kgdboc/parameters/kgdboc");
        if (parameter is { Ok: true, Text.Length: > 0 })
            return Fails(Checks.NoKernelDebugger, "kgdb listens on a serial line", Look.Seen(parameter));
        if (look.CommandLine.Find("kgdboc") is { } word)
            return Fails(Checks.NoKernelDebugger, "kgdb listens on a serial line", new Evidence(CommandLine.FilePath, word));
        if (look.Kernel is { } kernel && kernel["KGDB"] == "n")
            return Holds(Checks.NoKernelDebugger, "the kernel was built without kgdb", look.Option("KGDB"));
        return look.CommandLine.IsKnown
            ? Holds(Checks.NoKernelDebugger, "kgdb is not set up; root could", new Evidence(CommandLine.FilePath, "no kgdboc="))
            : Unknown(Checks.NoKernelDebugger, "whether kgdb listens cannot be seen", Look.Seen(parameter));
    }

    private static Finding RootPassword(Look look)
    {
        var passwd = look.Root.Read("/etc/passwd", WithoutPasswords);
        var shadow = look.Root.Read("/etc/shadow", WithoutPasswords);
        if (!passwd.Ok)
            return Unknown(Checks.RootPassword, "there is no /etc/passwd to look at", Look.Seen(passwd));
        var roots = passwd.Lines.Select(line => line.Split(':')).Where(fields => fields is [_, _, "0", ..]).ToArray();
        foreach (var user in roots)
        {
            if (user[1].Length == 0)
                return Fails(Checks.RootPassword, $"{user[0]} has number 0 and no password", new Evidence("/etc/passwd", $"the password of {user[0]} is empty"));
            if (!shadow.Ok && user[1] == "x")
                return Unknown(Checks.RootPassword, "passwords cannot be looked at", new Evidence("/etc/shadow", shadow.Problem ?? "absent"));
            if (user[1] == "x" && shadow.Lines.Any(line => line.Split(':') is [var name, "", ..] && name == user[0]))
                return Fails(Checks.RootPassword, $"{user[0]} has number 0 and an empty password", new Evidence("/etc/shadow", $"the password of {user[0]} is empty"));
        }
        return Holds(Checks.RootPassword, "no user with number 0 has an empty password", new Evidence("/etc/shadow", $"{roots.Length} such user(s), none empty"));
    }

    /// <summary>Names, whether there is a password, and numbers; no hash goes any further than this.</summary>
    private static byte[] WithoutPasswords(byte[] file)
    {
        var lines = System.Text.Encoding.UTF8.GetString(file).Split('\n').Select(line => line.Split(':')).Where(fields => fields.Length > 2)
            .Select(fields => string.Join(':', fields[0], fields[1] is "" or "x" ? fields[1] : "*", fields[2]));
        var redacted = System.Text.Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(file);
        return redacted;
    }
}
