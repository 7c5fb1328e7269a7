using Sealdisk.Linux;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>The configuration and the other files that volumes depend on.</summary>
internal static class ConfigurationChecks
{
    private const int OthersMayWrite = Permissions.Mode0022;
    private const int OthersMayAnything = Permissions.Mode0077;

    internal static IReadOnlyList<Check> All => [Configuration, FileModes];

    private static Check Configuration { get; } = new(JudgeConfiguration)
    {
        Id = "configuration",
        Group = CheckGroup.Volumes,
        Severity = Severity.Low,
        Title = "The configuration of the volumes can be read",
        Attack = "The audit looks only at volumes that it can read the configuration of: nothing below covers other volumes.",
        Remedy = "Name it with --config, as seen from the root. 'sealdisk plan' says what is wrong with it.",
        Reads = "/etc/sealdisk.toml below the root.",
        Reference = "docs/configuration.md",
    };

    private static Check FileModes { get; } = new(JudgeModes)
    {
        Id = "file-modes",
        Group = CheckGroup.Volumes,
        Severity = Severity.High,
        Title = "Only root can change the configuration, and read a HUK file",
        Attack = "A user who may write the configuration decides what is mounted on which directory, and whether first-boot "
            + "replaces a filesystem. A user who may read a HUK file has the key of every volume sealed under it.",
        Remedy = "chown root and chmod 600 for HUK files; chmod 644 or less for /etc/sealdisk.toml and records.",
        Reads = "Owner and mode of the configuration, of HUK files and of detached records. They are unknown in a tree without a "
            + "manifest of modes.",
        Reference = "docs/configuration.md",
    };

    private static Verdict JudgeConfiguration(AuditedSystem system) => system.Volumes switch
    {
        { Problem: { } problem } volumes => Unknown(problem, volumes.ConfigurationEvidence),
        var volumes => Holds(volumes.ConfigurationEvidence.What, volumes.ConfigurationEvidence),
    };

    private static IEnumerable<Verdict> JudgeModes(AuditedSystem system)
    {
        var files = Files(system.Volumes).Distinct().ToArray();
        if (files.Length == 0)
            yield return NotApplicable("there is no configuration", system.Volumes.ConfigurationEvidence);
        var good = new List<Evidence>();
        var unknown = new List<string>();
        foreach (var (path, forbidden) in files)
        {
            if (system.Root.OwnershipOf(path) is not { } ownership)
            {
                unknown.Add(path);
                continue;
            }
            var seen = new Evidence(path, $"mode {ownership.ModeText}, owner {ownership.Uid}");
            if (ownership.Uid != 0)
                yield return Fails($"{path} belongs to user {ownership.Uid}, not to root", seen);
            else if ((ownership.Mode & forbidden) != 0)
                yield return Fails($"users other than root may {(forbidden == OthersMayWrite ? "write" : "read or write")} {path}", seen);
            else
                good.Add(seen);
        }
        if (unknown.Count > 0)
            yield return Unknown($"owner and mode of {string.Join(", ", unknown)} are not known");
        else if (files.Length > 0 && good.Count == files.Length)
            yield return Holds("only root may change the files that volumes depend on", [.. good]);
    }

    private static IEnumerable<(string Path, int Forbidden)> Files(AuditedVolumes volumes)
    {
        if (volumes.ConfigurationFile is { } configuration)
            yield return (configuration, OthersMayWrite);
        foreach (var volume in volumes.All)
        {
            if (volume.Spec.RecordFile is { } record)
                yield return (record, OthersMayWrite);
            if (volume.Spec.Huk is { } huk)
                yield return (huk, OthersMayAnything);
        }
    }
}
