using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Style;

/// <summary>The source keeps to the map in <see cref="Rooms"/>: projects by their references, namespaces by what files name.</summary>
public sealed class RoomsTests
{
    private static readonly string Source = Path.Combine(Golden.Root, "src");

    private static readonly Regex Reference = new(
        @"<ProjectReference Include=""[^""]*/(?<name>[\w.]+)\.csproj""", RegexOptions.ExplicitCapture, Patience.Limit);

    private static readonly (string Path, string Code)[] Files =
    [
        .. Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories).Where(IsWritten).Order(StringComparer.Ordinal)
            .Select(path => (Path.GetRelativePath(Source, path), Rooms.Code(File.ReadAllText(path)))),
    ];

    /// <summary>By namespace.</summary>
    private static readonly Dictionary<string, HashSet<string>> Types = Files.GroupBy(file => Rooms.NamespaceOf(file.Code)).ToDictionary(
        files => files.Key,
        files => files.SelectMany(file => Rooms.TypesIn(file.Code)).ToHashSet(StringComparer.Ordinal),
        StringComparer.Ordinal);

    public static TheoryData<string> Projects =>
        [.. Directory.GetDirectories(Source).Select(path => Path.GetFileName(path)).Where(IsProject)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_to_what_the_map_says(string project)
    {
        var file = File.ReadAllText(Path.Combine(Source, project, $"{project}.csproj"));
        var references = Reference.Matches(file).Select(match => match.Groups["name"].Value);
        Assert.True(Rooms.Projects.TryGetValue(project, out var text), $"{project} is not on the map");
        var expected = text!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected.Order(StringComparer.Ordinal), references.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_namespace_of_a_project_with_rooms_is_in_a_room() =>
        Assert.Empty(Types.Keys.Where(Rooms.IsHomeless).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_room_on_the_map_exists() => Assert.Empty(Rooms.Namespaces.Keys.Except(Types.Keys, StringComparer.Ordinal));

    [Fact]
    public void No_arrow_leads_back() =>
        Assert.DoesNotContain(Rooms.Namespaces.Keys, room => Rooms.ReachableFrom(room).Contains(room, StringComparer.Ordinal));

    [Fact]
    public void No_file_uses_a_room_that_its_own_may_not_use() =>
        Assert.Empty(Files.SelectMany(file => Rooms.Trespasses(file.Code, Types).Select(name => $"{file.Path} uses {name}")));

    [Theory]
    [InlineData("Sealdisk.Audit.Device", "using Sealdisk.Audit.Reports;", "Sealdisk.Audit.Reports")]
    [InlineData("Sealdisk.Audit.Device", "using static Sealdisk.Audit.Fleet.FleetFilter;", "Sealdisk.Audit.Fleet")]
    [InlineData("Sealdisk.Audit.Device", "using Json = Sealdisk.Audit.Reports.AuditJson;", "Sealdisk.Audit.Reports")]
    [InlineData("Sealdisk.Audit.Device", "var json = Sealdisk.Audit.Reports.AuditJson.Write(result);", "Sealdisk.Audit.Reports")]
    [InlineData("Sealdisk.Audit.Device", "var json = global::Sealdisk.Audit.Reports.AuditJson.Write(result);", "Sealdisk.Audit.Reports")]
    [InlineData("Sealdisk.Audit.Device", "var json = Reports.AuditJson.Write(result);", "Sealdisk.Audit.Reports")]
    [InlineData("Sealdisk.Audit.Device", "var text = $\"{Reports.AuditJson.Write(result)}\";", "Sealdisk.Audit.Reports")]
    [InlineData("Sealdisk.Audit.Device.Catalogue", "using Sealdisk.Audit.Fleet;", "Sealdisk.Audit.Fleet")]
    [InlineData("Sealdisk.Volumes.Keys", "using Sealdisk.Volumes.Records;", "Sealdisk.Volumes.Records")]
    [InlineData("Sealdisk.Volumes", "using Sealdisk.Volumes.Keys;", "Sealdisk.Volumes.Keys")]
    [InlineData("Sealdisk.Mapping", "using Sealdisk.Lifecycle;", "Sealdisk.Lifecycle")]
    public void A_wrong_arrow_is_noticed(string from, string line, string used) =>
        Assert.Equal([used], Rooms.Trespasses(Rooms.Code($"namespace {from};\n{line}\n"), Types));

    [Theory]
    [InlineData("Sealdisk.Audit.Reports", "using Sealdisk.Audit.Device;")]
    [InlineData("Sealdisk.Audit.Device", "// Sealdisk.Audit.Reports.AuditJson writes it.")]
    [InlineData("Sealdisk.Audit.Device", "const string Name = \"Sealdisk.Audit.Reports.AuditJson\";")]
    [InlineData("Sealdisk.Audit.Device", "var all = system.Volumes.All; var none = Volumes.None;")]
    [InlineData("Sealdisk.Lifecycle", "using Sealdisk.Volumes.Records;")]
    [InlineData("Sealdisk.Lifecycle", "using Sealdisk.Linux;")]
    public void A_right_arrow_and_mere_words_pass(string from, string line) =>
        Assert.Empty(Rooms.Trespasses(Rooms.Code($"namespace {from};\n{line}\n"), Types));

    [Theory]
    [InlineData("Sealdisk.Audit.News", true)]
    [InlineData("Sealdisk.Volumes.News", true)]
    [InlineData("Sealdisk.News", true)]
    [InlineData("Sealdisk.Linux", false)] // a project without rooms
    [InlineData("Sealdisk.Volumes.Keys.Tpm", false)]
    [InlineData("Sealdisk.Volumes", false)]
    public void A_namespace_without_a_room_is_noticed(string name, bool isHomeless) => Assert.Equal(isHomeless, Rooms.IsHomeless(name));

    private static bool IsProject(string name) => File.Exists(Path.Combine(Source, name, $"{name}.csproj"));

    private static bool IsWritten(string path) =>
        !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal);
}
