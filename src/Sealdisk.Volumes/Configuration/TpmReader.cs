using System.Globalization;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>Reads [source.tpm].</summary>
internal static class TpmReader
{
    // TPM 2.0 Library, part 2, 7.4: persistent handles, and the half of them that is the owner's.
    private const long FirstPersistent = 0x81000000, LastOfOwner = 0x817fffff;
    private const int LastPcr = 23;

    // With a longer one Linux 6.12 answers E2BIG to every new key.
    private static readonly string[] Hashes = ["sha1", "sha256"];

    /// <summary>The settings, and the file with the password where one is given.</summary>
    public static (TpmSettings Settings, Setting<string?> Auth) Read(TomlTable table, Problems problems)
    {
        var reader = new TableReader(table, "[source.tpm]", problems);
        var parent = reader.Read("parent", TpmSettings.DefaultParent, Handle);
        var hash = reader.Read("hash", -1, SettingTypes.Word(Hashes));
        var pcrs = reader.Read<IReadOnlyList<int>>("pcrs", [], Pcrs);
        var auth = reader.Read("auth", null, SettingTypes.AbsolutePath);
        reader.RefuseUnknown();
        if (pcrs is { Valid: true, Value.Count: > 0 } && hash is { Valid: true, Given: true } && Hashes[hash.Value] != "sha256")
            problems.Report(hash.At, $"hash \"{Hashes[hash.Value]}\" is not possible with pcrs: their policy is one of sha256");
        return (new TpmSettings(parent.Value, hash is { Given: true, Valid: true } ? Hashes[hash.Value] : null, pcrs.Value, auth.Value), auth);
    }

    private static (uint Value, string? Problem) Handle(TomlNode node) => node switch
    {
        TomlInteger { Value: >= FirstPersistent and <= LastOfOwner } number => ((uint)number.Value, null),
        TomlInteger number => (0, string.Create(CultureInfo.InvariantCulture, $"0x{number.Value:x} is no persistent handle of the owner's: 0x81000000 to 0x817fffff")),
        _ => (0, $"must be a whole number such as 0x81000001, not {node.What}"),
    };

    private static (IReadOnlyList<int>? Value, string? Problem) Pcrs(TomlNode node)
    {
        if (node is not TomlArray list)
            return (null, $"must be a list of whole numbers such as [7], not {node.What}");
        if (list.Items.Count == 0)
            return (null, "is empty: leave it out, and the key opens whatever was booted");
        var chosen = new SortedSet<int>();
        foreach (var item in list.Items)
        {
            if (item is not TomlInteger { Value: >= 0 and <= LastPcr } number)
                return (null, item is TomlInteger wrong ? $"has {wrong.Value}, and a TPM has the PCRs 0 to {LastPcr}" : $"must be a list of whole numbers, and this has {item.What}");
            if (!chosen.Add((int)number.Value))
                return (null, $"has {number.Value} twice");
        }
        return ([.. chosen], null);
    }
}
