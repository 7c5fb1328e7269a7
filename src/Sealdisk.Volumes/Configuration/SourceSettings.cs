using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>What [source.soft] and [source.tpm] say; every volume with that source uses it.</summary>
/// <param name="Huk">The soft source's HUK file; its value is null if there is no [source.soft].</param>
/// <param name="Tpm">How a TPM seals.</param>
/// <param name="TpmAuth">The file with the password of what a TPM seals; its value is null for none.</param>
internal sealed record SourceSettings(Setting<string?> Huk, TpmSettings Tpm, Setting<string?> TpmAuth)
{
    private static Setting<string?> Absent => new(null, default, given: false, valid: true);

    /// <summary>Reads [source].</summary>
    public static SourceSettings Read(TomlTable? sources, Problems problems)
    {
        var read = new SourceSettings(Absent, TpmSettings.Default, Absent);
        foreach (var (key, at, node) in sources?.Entries ?? [])
        {
            if (key == "soft" && node is TomlTable soft)
            {
                read = read with { Huk = ReadSoft(soft, problems) };
            }
            else if (key == "tpm" && node is TomlTable ofTpm)
            {
                var (tpm, auth) = TpmReader.Read(ofTpm, problems);
                read = read with { Tpm = tpm, TpmAuth = auth };
            }
            else
            {
                problems.Report(at, Unknown(key, node));
            }
        }
        return read;
    }

    private static Setting<string?> ReadSoft(TomlTable table, Problems problems)
    {
        var reader = new TableReader(table, "[source.soft]", problems);
        var huk = reader.Require("huk", null, "\"/etc/sealdisk/huk.hex\"", SettingTypes.AbsolutePath) with { Given = true };
        reader.RefuseUnknown();
        return huk;
    }

    private static string Unknown(string key, TomlNode node)
    {
        var isSource = node is TomlTable && TrustSourceText.Words.Contains(key, StringComparer.Ordinal);
        return isSource
            ? $"source {key} has no settings of its own: remove this table, and write source = \"{key}\" in the volume"
            : $"unknown key {TomlTree.Name(key)} in [source]: there are only [source.soft] and [source.tpm]";
    }
}
