using System.Security.Cryptography;
using System.Text;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Ways to root for a person at the device's console.</summary>
internal static class ConsoleChecks
{
    private static readonly string[] ShellWords =
        ["rd.break", "rd.shell", "single", "s", "S", "1", "emergency", "rescue", "systemd.debug_shell", "break"];

    internal static IReadOnlyList<Check> All => [NoBootShell, NoKernelDebugger, RootPassword];

    private static Check NoBootShell { get; } = new(JudgeShell)
    {
        Id = "no-boot-shell",
        Group = CheckGroup.Boot,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "The kernel's command line starts no shell",
        Attack = "A shell that starts without a password, from the initramfs or in place of init, makes anyone at the console "
            + "root. The trust source unseals for root.",
        Remedy = "Remove init=/bin/sh, rd.break, rd.shell, single, systemd.debug_shell and the like from the command line. Build "
            + "initramfs and init without emergency shells.",
        Reads = "/proc/cmdline.",
        Reference = "kernel-command-line(7), dracut.cmdline(7)",
    };

    private static Check NoKernelDebugger { get; } = new(JudgeDebugger)
    {
        Id = "no-kernel-debugger",
        Group = CheckGroup.Boot,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "No kernel debugger listens",
        Attack = "kgdb on a serial line lets anyone who connects two wires to the board read and write all kernel memory.",
        Remedy = "Remove kgdboc= and kgdbwait, and build without CONFIG_KGDB.",
        Reads = "/proc/cmdline, /sys/module/kgdboc/parameters/kgdboc, CONFIG_KGDB.",
        Reference = "linux Documentation/process/debugging/kgdb.rst",
    };

    private static Check RootPassword { get; } = new(JudgePassword)
    {
        Id = "root-password",
        Group = CheckGroup.Boot,
        Severity = Severity.High,
        CanBeRequired = true,
        Title = "Root cannot log in without a password",
        Attack = "Development images often have an empty root password. Anyone at the serial console or on SSH is then root on "
            + "the running device, with the volumes open.",
        Remedy = "Lock root's password (passwd -l root), or build without the debug features of your distribution.",
        Reads = "The password fields of users with user ID 0 in /etc/shadow and /etc/passwd: only whether they are empty.",
        Reference = "shadow(5), passwd(5)",
    };

    private static Verdict JudgeShell(AuditedSystem system)
    {
        var commandLine = system.CommandLine;
        if (!commandLine.IsKnown)
            return Unknown("the command line cannot be read", Evidence.OnCommandLine("unreadable"));
        foreach (var name in ShellWords)
        {
            if (commandLine.Find(name) is { } word && !IsOff(word))
                return Fails($"'{name}' on the command line starts a shell", Evidence.OnCommandLine(word));
        }
        foreach (var name in new[] { "init", "rdinit" })
        {
            if (commandLine.Value(name) is { } program && IsShell(program))
                return Fails($"{name}={program} starts a shell in place of init", Evidence.OnCommandLine($"{name}={program}"));
        }
        if (commandLine.Value("systemd.unit") is "rescue.target" or "emergency.target")
        {
            var word = $"systemd.unit={commandLine.Value("systemd.unit")}";
            return Fails($"{word} starts a shell", Evidence.OnCommandLine(word));
        }
        return Holds("no word of the command line is known to start a shell", Evidence.OnCommandLine("none of them"));
    }

    private static bool IsOff(string word) =>
        word.EndsWith("=0", StringComparison.Ordinal) || word.EndsWith("=no", StringComparison.Ordinal);

    private static bool IsShell(string program) =>
        program.EndsWith("sh", StringComparison.Ordinal) || program.EndsWith("/busybox", StringComparison.Ordinal);

    private static Verdict JudgeDebugger(AuditedSystem system)
    {
        var parameter = system.Root.Read("/sys/module/kgdboc/parameters/kgdboc");
        if (parameter is { Ok: true, Text.Length: > 0 })
            return Fails("kgdb listens on a serial line", Evidence.Of(parameter));
        if (system.CommandLine.Find("kgdboc") is { } word)
            return Fails("kgdb listens on a serial line", Evidence.OnCommandLine(word));
        if (system.IsBuiltWithout("KGDB"))
            return Holds("the kernel was built without kgdb", system.Option("KGDB"));
        return system.CommandLine.IsKnown
            ? Holds("kgdb is not set up, although root could set it up", Evidence.OnCommandLine("no kgdboc="))
            : Unknown("it cannot be seen whether kgdb listens", Evidence.Of(parameter));
    }

    private static Verdict JudgePassword(AuditedSystem system)
    {
        var passwd = system.Root.Read("/etc/passwd", WithoutPasswords);
        var shadow = system.Root.Read("/etc/shadow", WithoutPasswords);
        if (!passwd.Ok)
            return Unknown("there is no /etc/passwd to look at", Evidence.Of(passwd));
        var roots = passwd.Lines.Select(line => line.Split(':')).Where(fields => fields is [_, _, "0", ..]).ToArray();
        foreach (var user in roots)
        {
            var (name, password) = (user[0], user[1]);
            if (password.Length == 0)
                return Fails($"{name} has user ID 0 and no password", new Evidence("/etc/passwd", $"the password of {name} is empty"));
            if (password != "x")
                continue;
            if (!shadow.Ok)
                return Unknown("the passwords cannot be read", new Evidence("/etc/shadow", shadow.Problem ?? "absent"));
            if (shadow.Lines.Any(line => line.Split(':') is [var entry, "", ..] && entry == name))
                return Fails(
                    $"{name} has user ID 0 and an empty password", new Evidence("/etc/shadow", $"the password of {name} is empty"));
        }
        var seen = new Evidence("/etc/shadow", $"users with user ID 0: {roots.Length}, none with an empty password");
        return Holds("no user with user ID 0 has an empty password", seen);
    }

    /// <summary>Names, whether there is a password, and user IDs; no hash goes any further than this.</summary>
    private static byte[] WithoutPasswords(byte[] file)
    {
        var lines = Encoding.UTF8.GetString(file).Split('\n').Select(line => line.Split(':')).Where(fields => fields.Length > 2)
            .Select(fields => string.Join(':', fields[0], fields[1] is "" or "x" ? fields[1] : "*", fields[2]));
        var redacted = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
        CryptographicOperations.ZeroMemory(file);
        return redacted;
    }
}
