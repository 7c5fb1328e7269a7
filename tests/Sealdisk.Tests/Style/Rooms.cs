using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Style;

/// <summary>
/// The rooms of the source: which project and which namespace may use which. Read it as the map of the house: an arrow that is not here
/// does not exist, and a new arrow needs a line here, and a reason.
/// </summary>
internal static class Rooms
{
    /// <summary>What each project refers to. Whatever that refers to in turn is in reach as well.</summary>
    public static readonly Dictionary<string, string> Projects = new(StringComparer.Ordinal)
    {
        ["Sealdisk.Cli"] = "Sealdisk",
        ["Sealdisk"] = "Sealdisk.Audit Sealdisk.Volumes Sealdisk.DataPath",
        ["Sealdisk.Audit"] = "Sealdisk.Volumes",
        ["Sealdisk.Volumes"] = "Sealdisk.DataPath Sealdisk.OpTee Sealdisk.Linux",
        ["Sealdisk.DataPath"] = "Sealdisk.Crypto Sealdisk.Linux",
        ["Sealdisk.OpTee"] = "Sealdisk.Crypto",
        ["Sealdisk.Crypto"] = "",
        ["Sealdisk.Linux"] = "",
    };

    /// <summary>
    /// What each room uses of the other rooms in this table; "X.*" is every room below X. A room includes the namespaces below it that are
    /// not in the table. Namespaces of projects without rooms are left to <see cref="Projects"/>.
    /// </summary>
    public static readonly Dictionary<string, string> Namespaces = new(StringComparer.Ordinal)
    {
        ["Sealdisk.Lifecycle"] = "Sealdisk.Mapping Sealdisk.Audit.Device Sealdisk.Volumes.*",
        ["Sealdisk.Doctor"] = "Sealdisk.Mapping Sealdisk.Audit.Device Sealdisk.Volumes.*",
        ["Sealdisk.Mapping"] = "Sealdisk.Volumes.*",

        ["Sealdisk.Audit.Reports"] = "Sealdisk.Audit.Device",
        ["Sealdisk.Audit.Device"] = "Sealdisk.Audit.Blobs Sealdisk.Volumes.*",
        ["Sealdisk.Audit.Fleet"] = "Sealdisk.Audit.Blobs Sealdisk.Volumes.Keys",
        ["Sealdisk.Audit.Blobs"] = "Sealdisk.Volumes.Keys",

        ["Sealdisk.Volumes.Records"] = "Sealdisk.Volumes.Configuration Sealdisk.Volumes.Filesystems Sealdisk.Volumes.Keys",
        ["Sealdisk.Volumes.Configuration"] = "Sealdisk.Volumes.Filesystems Sealdisk.Volumes.Keys",
        ["Sealdisk.Volumes.Keys"] = "",
        ["Sealdisk.Volumes.Filesystems"] = "",
    };

    /// <summary>Namespaces that every room of their own project and of those above may use, and that use no room.</summary>
    private static readonly string[] Floors = ["Sealdisk.Volumes"];

    private static readonly Regex NotCode = new(
        """(?<kept>\$"(?:\\.|[^"\\\n])*")|"{3}[\s\S]*?"{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*[\s\S]*?\*/""",
        RegexOptions.ExplicitCapture, Patience.Limit);

    private static readonly Regex Import = Pattern(@"^\s*(global\s+)?using\s+(static\s+)?(\w+\s*=\s*)?(?<name>Sealdisk[\w.]*)");
    private static readonly Regex Namespace = Pattern(@"^namespace\s+(?<name>[\w.]+)");
    private static readonly Regex Declaration = Pattern(@"\b(class|record|struct|enum|interface)\s+(class\s+|struct\s+)?(?<name>\w+)");
    private static readonly Regex Chain = Pattern(@"(?<![\w.])(?<name>[A-Z]\w*(\.[A-Z]\w*)+)");

    /// <summary>The code of a file without comments and strings; interpolated strings stay, as there is code in them.</summary>
    public static string Code(string source) => NotCode.Replace(source, match => match.Groups["kept"].Success ? match.Value : " ");

    /// <summary>The file's namespace; "" if it has none.</summary>
    public static string NamespaceOf(string code) => Namespace.Match(code).Groups["name"].Value;

    /// <summary>The names of the types that a file declares.</summary>
    public static IEnumerable<string> TypesIn(string code) => Declaration.Matches(code).Select(match => match.Groups["name"].Value);

    /// <summary>The room of a namespace: the longest one in the table that it is or is below; null if it is in none.</summary>
    public static string? RoomOf(string name) =>
        Namespaces.Keys.Where(room => name == room || name.StartsWith(room + ".", StringComparison.Ordinal)).MaxBy(room => room.Length);

    /// <summary>True for a namespace that has rooms next to it, but is neither one itself nor a project.</summary>
    public static bool IsHomeless(string name) =>
        RoomOf(name) is null && !Projects.ContainsKey(name) && Namespaces.Keys.Any(room => ParentOf(room) == ParentOf(name));

    /// <summary>The rooms that can be reached from a room along the arrows of the map.</summary>
    public static IEnumerable<string> ReachableFrom(string room)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var rest = new Stack<string>([room]);
        while (rest.TryPop(out var next))
        {
            foreach (var other in Namespaces.Keys.Where(other => other != next && MayUse(next, other)).Where(reached.Add))
                rest.Push(other);
        }
        return reached;
    }

    /// <summary>The rooms that a file uses and its own may not; empty if there are none.</summary>
    /// <param name="code">As <see cref="Code"/> gives it.</param>
    /// <param name="types">The types of each namespace of the source.</param>
    public static IEnumerable<string> Trespasses(string code, IReadOnlyDictionary<string, HashSet<string>> types)
    {
        var from = NamespaceOf(code);
        var room = RoomOf(from);
        if (room is null && !Floors.Contains(from, StringComparer.Ordinal))
            return [];
        var imported = Import.Matches(code).Select(match => match.Groups["name"].Value.TrimEnd('.'));
        var qualified = Chain.Matches(code).Select(match => NamespaceNamedBy(match.Groups["name"].Value, from, types)).OfType<string>();
        var used = imported.Concat(qualified).Select(RoomOf).OfType<string>().Distinct(StringComparer.Ordinal);
        return used.Where(other => !MayUse(room, other)).Order(StringComparer.Ordinal);
    }

    private static bool MayUse(string? room, string other)
    {
        if (other == room)
            return true;
        return room is not null && Namespaces[room].Split(' ').Any(allowed => allowed == other
            || (allowed.EndsWith(".*", StringComparison.Ordinal) && other.StartsWith(allowed[..^1], StringComparison.Ordinal)));
    }

    /// <summary>
    /// The namespace before a type in "A.B.Type", as the compiler finds it from inside another namespace: below each of the enclosing ones.
    /// Null if the chain is something else, such as properties.
    /// </summary>
    private static string? NamespaceNamedBy(string chain, string from, IReadOnlyDictionary<string, HashSet<string>> types)
    {
        var parts = chain.Split('.');
        for (var enclosing = from; ; enclosing = ParentOf(enclosing))
        {
            for (var length = parts.Length - 1; length > 0; length--)
            {
                var name = string.Join('.', parts[..length]);
                var full = enclosing.Length == 0 ? name : $"{enclosing}.{name}";
                if (types.TryGetValue(full, out var there) && there.Contains(parts[length]))
                    return full;
            }
            if (enclosing.Length == 0)
                return null;
        }
    }

    private static string ParentOf(string name) => name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : "";

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.ExplicitCapture | RegexOptions.Multiline, Patience.Limit);
}
