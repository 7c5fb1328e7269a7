using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>A whole configuration file, /etc/sealdisk.toml by default, described in docs/configuration.md.</summary>
/// <param name="Volumes">In the order of the file, which is the order in which they are brought up. Never empty.</param>
/// <param name="SoftHuk">The HUK file of the soft source; null if there is no [source.soft].</param>
public sealed record SealdiskConfiguration(IReadOnlyList<VolumeSpec> Volumes, string? SoftHuk)
{
    /// <summary>Reads a file. Touches nothing else.</summary>
    /// <param name="path">The file.</param>
    /// <param name="requirable">The ids of the audit's checks that a volume may name in 'require'.</param>
    /// <exception cref="ConfigurationException">All problems of the file, with line and column.</exception>
    public static SealdiskConfiguration Load(string path, IReadOnlyList<string> requirable)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Parse(ConfigurationFile.Read(path), path, requirable);
    }

    /// <summary>Reads text.</summary>
    /// <param name="text">TOML.</param>
    /// <param name="path">For messages only.</param>
    /// <param name="requirable">As in <see cref="Load"/>.</param>
    /// <exception cref="ConfigurationException">As in <see cref="Load"/>.</exception>
    public static SealdiskConfiguration Parse(string text, string path, IReadOnlyList<string> requirable)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(path);
        var problems = new Problems(path);
        var sections = new TableReader(TomlTree.Parse(text, path), "the file", problems);
        var source = sections.Read<TomlTable?>("source", null, SettingTypes.Table);
        var volume = sections.Read<TomlTable?>("volume", null, SettingTypes.Table);
        sections.RefuseUnknown();

        var sources = SourceSettings.Read(source.Value, problems);
        var volumes = ReadVolumes(volume, sources, requirable, problems);
        VolumeConflicts.Check(volumes, sources, problems);
        problems.ThrowIfAny();
        return new SealdiskConfiguration([.. volumes.Select(placed => WithRootVolumes(placed.Spec, volumes))], sources.Huk.Value);
    }

    private static List<PlacedVolume> ReadVolumes(
        Setting<TomlTable?> named, SourceSettings sources, IReadOnlyList<string> requirable, Problems problems)
    {
        var volumes = new List<PlacedVolume>();
        foreach (var (key, at, node) in named.Value?.Entries ?? [])
        {
            if (node is not TomlTable table)
                problems.Report(at, $"a volume needs a name: write [volume.NAME] above {TomlTree.Name(key)}");
            else if (new VolumeReader(key, at, table, problems).Read(sources, requirable) is { } volume)
                volumes.Add(volume);
        }
        if (problems.Count == 0 && volumes.Count == 0)
            problems.Report(named.At, "there is no volume: add [volume.NAME] with at least device = \"/dev/...\"");
        return volumes;
    }

    /// <summary>Volumes with a key on two levels and the same source share a root key, so each knows where the others keep it.</summary>
    private static VolumeSpec WithRootVolumes(VolumeSpec spec, List<PlacedVolume> volumes)
    {
        if (spec.Key != KeyKind.Encrypted)
            return spec;
        var others = volumes.Select(placed => placed.Spec)
            .Where(other => other.Key == KeyKind.Encrypted && other.Source == spec.Source && other.Name != spec.Name);
        return spec with { RootVolumes = [.. others.Select(other => new RecordPlace(other.Name, other.Device, other.RecordFile))] };
    }
}
