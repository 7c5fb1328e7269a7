using System.Globalization;
using Sealdisk.Audit.Blobs;
using Sealdisk.Linux;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Audit.Device;

/// <summary>How far kernel lockdown goes.</summary>
internal enum LockdownLevel
{
    /// <summary>The kernel does not show it.</summary>
    Unknown,
    None,
    Integrity,
    Confidentiality,
}

/// <summary>The system that checks look at. What several of them need is read once, when the first of them asks.</summary>
internal sealed class AuditedSystem
{
    internal const string MountsPath = "/proc/self/mountinfo";
    private const string LockdownPath = "/sys/kernel/security/lockdown";

    private readonly Lazy<Platform> _platform;
    private readonly Lazy<KernelConfiguration?> _kernel;
    private readonly Lazy<KernelCommandLine> _commandLine;
    private readonly Lazy<IReadOnlyList<string>?> _kernelLog;
    private readonly Lazy<(LockdownLevel Level, Evidence Evidence)> _lockdown;
    private readonly Lazy<IReadOnlyList<MountEntry>?> _mounts;
    private readonly Lazy<AuditedVolumes> _volumes;
    private readonly Lazy<IReadOnlyList<JudgedKey>> _judgedKeys;

    /// <param name="root">Where the system's files are.</param>
    /// <param name="configuration">
    /// Path of the volumes' configuration, as seen from the root; null if there are no volumes to look at.
    /// </param>
    internal AuditedSystem(SystemRoot root, string? configuration)
    {
        Root = root;
        _platform = new(() => Platform.Of(root));
        _kernel = new(() => KernelConfiguration.Of(root));
        _commandLine = new(() => KernelCommandLine.Of(root));
        _kernelLog = new(root.KernelMessages);
        _lockdown = new(() => ReadLockdown(root));
        _mounts = new(() => ReadMounts(root));
        _volumes = new(() => configuration is null ? AuditedVolumes.None : AuditedVolumes.Of(root, configuration));
        _judgedKeys = new(JudgeKeys);
    }

    internal SystemRoot Root { get; }

    internal Platform Platform => _platform.Value;

    /// <summary>How the kernel was built; null if the system does not show it.</summary>
    internal KernelConfiguration? Kernel => _kernel.Value;

    internal KernelCommandLine CommandLine => _commandLine.Value;

    /// <summary>Null if it cannot be read.</summary>
    internal IReadOnlyList<string>? KernelLog => _kernelLog.Value;

    internal LockdownLevel Lockdown => _lockdown.Value.Level;

    internal Evidence LockdownEvidence => _lockdown.Value.Evidence;

    /// <summary>Null if they cannot be read.</summary>
    internal IReadOnlyList<MountEntry>? Mounts => _mounts.Value;

    internal AuditedVolumes Volumes => _volumes.Value;

    /// <summary>The sealed keys of all readable records, each tried against the public HUKs.</summary>
    internal IReadOnlyList<JudgedKey> JudgedKeys => _judgedKeys.Value;

    /// <summary>The verdict on each configured volume.</summary>
    internal IEnumerable<Verdict> OfEachVolume(Func<AuditedVolume, Verdict> judge) =>
        Volumes.All.Select(volume => judge(volume) with { Volume = volume.Spec.Name });

    /// <summary>An option of the kernel's configuration as evidence.</summary>
    internal Evidence Option(string option)
    {
        if (Kernel is not { } kernel)
            return new Evidence("kernel configuration", "not found");
        return new Evidence(kernel.Path, kernel[option] == "n" ? $"CONFIG_{option} is not set" : $"CONFIG_{option}={kernel[option]}");
    }

    /// <summary>True if the kernel is known to be built without that option.</summary>
    internal bool IsBuiltWithout(string option) => Kernel is { } kernel && kernel[option] == "n";

    /// <summary>A number below /proc/sys; null if it is absent or unreadable, which the evidence says.</summary>
    internal (long? Value, Evidence Evidence) Sysctl(string name)
    {
        var reading = Root.Read($"/proc/sys/{name}");
        return reading.Ok && long.TryParse(reading.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? (value, new Evidence(reading.Path, reading.Text))
            : (null, Evidence.Of(reading));
    }

    /// <summary>The device-mapper UUID of a device; "" if it is not a mapping.</summary>
    internal string MapperUuid(DeviceNumber device)
    {
        var uuid = Root.Read($"/sys/dev/block/{device}/dm/uuid");
        return uuid.Ok ? uuid.Text : "";
    }

    /// <summary>The HUKs that are public, and those that follow from what this chip shows. The caller disposes of it.</summary>
    internal HukOracle PublicHukOracle()
    {
        var oracle = new HukOracle();
        PublicHuks.AddConstants(oracle);
        PublicHuks.AddChip(oracle, Platform.Facts(Root));
        return oracle;
    }

    private List<JudgedKey> JudgeKeys()
    {
        using var oracle = PublicHukOracle();
        var judged = new List<JudgedKey>();
        foreach (var volume in Volumes.All)
        {
            if (volume.GoodRecord is not { } record)
                continue;
            var finding = BlobAudit.Of(oracle, record.Key.Blob.Bytes, FamilyThatSealed(volume.Source));
            judged.Add(new JudgedKey(volume, finding, oracle.Candidates.Count));
        }
        return judged;
    }

    /// <summary>The chip whose HUK seals; a software key comes from no chip.</summary>
    internal HukFamily? FamilyThatSealed(TrustSource source) => source.IsKernel() ? Platform.Family : null;

    private static (LockdownLevel Level, Evidence Evidence) ReadLockdown(SystemRoot root)
    {
        var reading = root.Read(LockdownPath);
        var level = !reading.Ok ? LockdownLevel.Unknown
            : reading.Text.Contains("[confidentiality]", StringComparison.Ordinal) ? LockdownLevel.Confidentiality
            : reading.Text.Contains("[integrity]", StringComparison.Ordinal) ? LockdownLevel.Integrity
            : reading.Text.Contains("[none]", StringComparison.Ordinal) ? LockdownLevel.None : LockdownLevel.Unknown;
        return (level, Evidence.Of(reading));
    }

    private static List<MountEntry>? ReadMounts(SystemRoot root)
    {
        var reading = root.Read(MountsPath);
        if (!reading.Ok)
            return null;
        var mounts = new List<MountEntry>();
        foreach (var line in reading.Lines)
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

/// <summary>A volume's sealed key, tried against the public HUKs.</summary>
/// <param name="Volume">The volume; its record is good.</param>
/// <param name="Finding">What the blob tells of its HUK.</param>
/// <param name="Tried">How many HUKs were tried.</param>
internal sealed record JudgedKey(AuditedVolume Volume, BlobFinding Finding, int Tried);
