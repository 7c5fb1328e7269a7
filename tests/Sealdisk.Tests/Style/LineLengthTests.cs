namespace Sealdisk.Tests.Style;

/// <summary>A line of more than 140 columns is read by no one, on no screen.</summary>
public sealed class LineLengthTests
{
    private const int Limit = 140;

    [Fact]
    public void No_line_of_source_tests_or_scripts_is_longer_than_140_columns()
    {
        var offenders = SourceFiles.All.SelectMany(LongLines).ToList();
        var folders = offenders.GroupBy(line => Room(line.Path)).Select(room => $"{room.Key}: {room.Count()}");
        Assert.True(
            offenders.Count == 0,
            $"{offenders.Count} lines have more than {Limit} columns ({string.Join(", ", folders)}):\n"
            + string.Join('\n', offenders.Select(line => $"{line.Path}:{line.Number}: {line.Columns}")));
    }

    [Fact]
    public void The_files_that_are_measured_include_every_kind()
    {
        var found = SourceFiles.All;
        string[] kinds =
        [
            "build", "demo", "test", ".ci/run", "Directory.Build.props",
            "src/Sealdisk.Cli/Program.cs", "src/Sealdisk.Cli/Sealdisk.Cli.csproj",
            "tests/fuzz", "tests/Sealdisk.Tests/Style/LineLengthTests.cs", "tests/Sealdisk.BoardTests/guest/cutload.c",
            "board/build", "board/lib/steps", "board/arm64/recipe", "board/kernel/common.config", "board/guest/init.c",
            "bench/run", "packaging/need", "packaging/completions/sealdisk", "packaging/man/sealdisk.8",
        ];
        Assert.Empty(kinds.Except(found, StringComparer.Ordinal));
        Assert.DoesNotContain(found, path => path.Contains("/obj/", StringComparison.Ordinal));
    }

    private static IEnumerable<(string Path, int Number, int Columns)> LongLines(string path) =>
        SourceFiles.Lines(path)
            .Select((line, index) => (path, Number: index + 1, Columns: line.EnumerateRunes().Count()))
            .Where(line => line.Columns > Limit);

    /// <summary>The first two folders of a path.</summary>
    private static string Room(string path) => string.Join('/', path.Split('/').SkipLast(1).Take(2));
}
