using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>A whole configuration file, /etc/sealdisk.toml by default, described in docs/configuration.md.</summary>
/// <param name="Volumes">In the order of the file, which is the order in which they are brought up. Never empty.</param>
/// <param name="SoftHuk">The HUK file of the soft source, where given.</param>
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
        var root = TomlTree.Parse(text, path);
        var sections = new TableReader(root, "the file", problems);
        var sources = sections.Read<TomlTable?>("source", null, Table).Value;
        var named = sections.Read<TomlTable?>("volume", null, Table);
        sections.RefuseUnknown();

        var (huk, tpm, tpmAuth) = ReadSources(sources, problems);
        var volumes = new List<PlacedVolume>();
        foreach (var entry in named.Value?.Entries ?? [])
        {
            if (entry.Node is not TomlTable table)
                problems.Report(entry.KeyAt, $"a volume needs a name: write [volume.NAME] above {TomlTree.Name(entry.Key)}");
            else if (new VolumeReader(entry.Key, table, requirable, problems).Read(entry.KeyAt, huk, tpm) is { } volume)
                volumes.Add(volume);
        }

        if (problems.Count == 0 && (named.Value is null || named.Value.Entries.Count == 0))
            problems.Report(named.At, "no volume: add [volume.NAME] with at least device = \"/dev/...\"");
        VolumeConflicts.Check(volumes, huk, tpmAuth, problems);
        problems.ThrowIfAny();
        return new SealdiskConfiguration([.. volumes.Select(volume => volume.Spec with { RootVolumes = RootVolumes(volume.Spec, volumes) })], huk.Value);
    }

    private static List<RecordPlace> RootVolumes(VolumeSpec spec, List<PlacedVolume> volumes)
    {
        var places = new List<RecordPlace>();
        foreach (var (other, _, _, _) in volumes)
        {
            if (spec.Key == KeyKind.Encrypted && other.Key == KeyKind.Encrypted && other.Source == spec.Source && other.Name != spec.Name)
                places.Add(new RecordPlace(other.Name, other.Device, other.RecordFile));
        }
        return places;
    }

    private static (Setting<string?> Huk, TpmSettings Tpm, Setting<string?> TpmAuth) ReadSources(TomlTable? sources, Problems problems)
    {
        var huk = new Setting<string?>(null, default, Given: false, Valid: true);
        var (tpm, tpmAuth) = (TpmSettings.Default, huk);
        foreach (var (key, at, node) in sources?.Entries ?? [])
        {
            if (key == "soft" && node is TomlTable soft)
            {
                var reader = new TableReader(soft, "[source.soft]", problems);
                huk = reader.Require("huk", null, "\"/etc/sealdisk/huk.hex\"", SettingTypes.AbsolutePath) with { Given = true };
                reader.RefuseUnknown();
            }
            else if (key == "tpm" && node is TomlTable ofTpm)
            {
                (tpm, tpmAuth) = TpmReader.Read(ofTpm, problems);
            }
            else
            {
                problems.Report(at, Array.IndexOf(TrustSourceText.Words, key) >= 0 && node is TomlTable
                    ? $"source {key} has no settings: only [source.soft] and [source.tpm] have; name the source in the volume, source = \"{key}\""
                    : $"unknown key {TomlTree.Name(key)} in [source]: known are [source.soft] and [source.tpm]");
            }
        }

        return (huk, tpm, tpmAuth);
    }

    private static (TomlTable? Value, string? Problem) Table(TomlNode node) =>
        node is TomlTable table ? (table, null) : (null, $"must be a table, not {node.What}");
}
