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

    /// <summary>The settings, and the file with the password if one is given.</summary>
    public static (TpmSettings Settings, Setting<string?> Auth) Read(TomlTable table, Problems problems)
    {
        var reader = new TableReader(table, "[source.tpm]", problems);
        var parent = reader.Read("parent", TpmSettings.DefaultParent, Handle);
        var hash = reader.Read<string?>("hash", null, SettingTypes.Word<string?>(Hashes, Hashes));
        var pcrs = reader.Read<IReadOnlyList<int>>("pcrs", [], Pcrs);
        var auth = reader.Read("auth", null, SettingTypes.AbsolutePath);
        reader.RefuseUnknown();
        if (pcrs is { Valid: true, Value.Count: > 0 } && hash is { Valid: true, Value: not (null or "sha256") })
            problems.Report(hash.At, $"hash \"{hash.Value}\" is not possible together with pcrs, whose policy uses sha256");
        return (new TpmSettings(parent.Value, hash.Value, pcrs.Value, auth.Value), auth);
    }

    private static (uint Value, string? Problem) Handle(TomlNode node) => node switch
    {
        TomlInteger { Value: >= FirstPersistent and <= LastOfOwner } number => ((uint)number.Value, null),
        TomlInteger { Value: var number } =>
            (0, $"0x{number:x} is not a persistent handle of the owner: use one from 0x{FirstPersistent:x} to 0x{LastOfOwner:x}"),
        _ => (0, $"must be a whole number such as 0x81000001, not {node.What}"),
    };

    private static (IReadOnlyList<int>? Value, string? Problem) Pcrs(TomlNode node)
    {
        if (node is not TomlArray list)
            return (null, $"must be a list of whole numbers such as [7], not {node.What}");
        if (list.Items.Count == 0)
            return (null, "is empty: leave pcrs out if the key may open whatever was booted");
        var chosen = new SortedSet<int>();
        foreach (var item in list.Items)
        {
            if (item is not TomlInteger number)
                return (null, $"must be a list of whole numbers, but it contains {item.What}");
            if (number.Value is < 0 or > LastPcr)
                return (null, $"has {number.Value}, but a TPM has only the PCRs 0 to {LastPcr}");
            if (!chosen.Add((int)number.Value))
                return (null, $"has {number.Value} twice");
        }
        return ([.. chosen], null);
    }
}
