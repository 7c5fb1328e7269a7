namespace Sealdisk.Tests.Scripts;

/// <summary>
/// Every file of tests/scripts, against the published binary. With SEALDISK_UPDATE_SCRIPTS=1 the files are rewritten instead.
/// </summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class ScriptTests
{
    private static readonly string ScriptsDirectory = Path.Combine(Golden.Root, "tests", "scripts");

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(ScriptsDirectory, "*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void The_script_prints_what_it_expects(string file)
    {
        var path = Path.Combine(ScriptsDirectory, file);
        var script = Script.Parse(file, File.ReadAllText(path));
        if (script.MissingNeed is { } missing)
            Assert.Skip(missing);

        var outcome = ScriptRunner.Run(script, Path.GetDirectoryName(NativeBinary.Path));
        var failures = outcome.LeftBehind;
        if (Environment.GetEnvironmentVariable("SEALDISK_UPDATE_SCRIPTS") == "1")
            File.WriteAllText(path, outcome.Refreshed);
        else
            failures = [.. outcome.Failures, .. outcome.LeftBehind];

        if (failures.Count > 0)
            Assert.Fail(string.Join("\n\n", failures));
    }
}
