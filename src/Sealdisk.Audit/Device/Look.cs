using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Audit.Device;

/// <summary>How far kernel lockdown goes.</summary>
internal enum LockdownLevel
{
    /// <summary>It cannot be seen.</summary>
    Unknown,
    None,
    Integrity,
    Confidentiality,
}

/// <summary>What several checks look at, read once.</summary>
internal sealed class Look
{
    internal const string LockdownPath = "/sys/kernel/security/lockdown";
    internal const string MountsPath = "/proc/self/mountinfo";

    internal Look(SystemRoot root, string configuration)
    {
        Root = root;
        Platform = Platform.Of(root);
        Kernel = KernelConfiguration.Of(root);
        CommandLine = CommandLine.Of(root);
        Messages = root.KernelMessages();
        (Lockdown, LockdownEvidence) = ReadLockdown(root);
        var mounts = root.Read(MountsPath);
        Mounts = mounts.Ok ? ParseMounts(mounts.Lines) : null;
        Volumes = AuditedVolumes.Of(root, configuration);
    }

    internal SystemRoot Root { get; }

    internal Platform Platform { get; }

    /// <summary>Null where it cannot be seen.</summary>
    internal KernelConfiguration? Kernel { get; }

    internal CommandLine CommandLine { get; }

    /// <summary>The kernel's log; null where it cannot be read.</summary>
    internal IReadOnlyList<string>? Messages { get; }

    internal LockdownLevel Lockdown { get; }

    internal Evidence LockdownEvidence { get; }

    /// <summary>Null where they cannot be read.</summary>
    internal IReadOnlyList<MountEntry>? Mounts { get; }

    internal AuditedVolumes Volumes { get; }

    /// <summary>An option of the kernel's configuration as evidence.</summary>
    internal Evidence Option(string option) => Kernel is null
        ? new Evidence("kernel configuration", "not found")
        : new Evidence(Kernel.Path, Kernel[option] == "n" ? $"CONFIG_{option} is not set" : $"CONFIG_{option}={Kernel[option]}");

    /// <summary>A number below /proc/sys; null where it is absent or unreadable, which the evidence says.</summary>
    internal (long? Value, Evidence Evidence) Sysctl(string name)
    {
        var reading = Root.Read($"/proc/sys/{name}");
        return reading.Ok && long.TryParse(reading.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? (value, new Evidence(reading.Path, reading.Text))
            : (null, Seen(reading));
    }

    /// <summary>What a reading gave, as evidence; text on one line and not too long.</summary>
    internal static Evidence Seen(Reading reading)
    {
        const int Longest = 160;
        if (!reading.Ok)
            return new Evidence(reading.Path, reading.Problem ?? "absent");
        var text = new string([.. reading.Text.Select(letter => char.IsControl(letter) ? ' ' : letter)]);
        return new Evidence(reading.Path, text.Length > Longest ? text[..Longest] + "..." : text);
    }

    /// <summary>The device-mapper UUID of the device behind a mount or a swap area, and of the one below it; "" where it is no such device.</summary>
    internal string MapperUuid(DeviceNumber device)
    {
        var uuid = Root.Read($"/sys/dev/block/{device}/dm/uuid");
        return uuid.Ok ? uuid.Text : "";
    }

    private static (LockdownLevel Level, Evidence Evidence) ReadLockdown(SystemRoot root)
    {
        var reading = root.Read(LockdownPath);
        var level = !reading.Ok ? LockdownLevel.Unknown
            : reading.Text.Contains("[confidentiality]", StringComparison.Ordinal) ? LockdownLevel.Confidentiality
            : reading.Text.Contains("[integrity]", StringComparison.Ordinal) ? LockdownLevel.Integrity
            : reading.Text.Contains("[none]", StringComparison.Ordinal) ? LockdownLevel.None : LockdownLevel.Unknown;
        return (level, Seen(reading));
    }

    private static List<MountEntry> ParseMounts(string[] lines)
    {
        var mounts = new List<MountEntry>();
        foreach (var line in lines)
        {
            try
            {
                mounts.Add(MountEntry.Parse(line));
            }
            catch (Exception problem) when (problem is FormatException or OverflowException)
            {
                continue; // of a damaged capture
            }
        }
        return mounts;
    }
}
