using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Tests.Volumes.Configuration;

/// <summary>
/// tests/vectors/config: each file begins with its verdict, "# expect: ok" or one "# expect: LINE:COLUMN: message" per error, in the
/// order of the file; "# note:" lines say why. Any other comment before the first blank line fails the test.
/// </summary>
public sealed class ConfigurationVectorTests
{
    private static readonly string Directory = Path.Combine(Golden.Root, "tests", "vectors", "config");

    public static IEnumerable<TheoryDataRow<string>> Files =>
        System.IO.Directory.GetFiles(Directory).Order(StringComparer.Ordinal)
            .Select(file => new TheoryDataRow<string>(Path.GetFileName(file)));

    [Theory]
    [MemberData(nameof(Files))]
    public void The_file_gets_the_verdict_that_it_states(string file)
    {
        Assert.EndsWith(".toml", file, StringComparison.Ordinal);
        var path = Path.Combine(Directory, file);
        Assert.Equal(Expected(path), Verdict(path).Split('\n'));
    }

    [Fact]
    public void There_are_many() => Assert.True(System.IO.Directory.GetFiles(Directory).Length >= 40);

    private static string[] Expected(string path)
    {
        var expected = new List<string>();
        foreach (var line in File.ReadLines(path).TakeWhile(line => line.StartsWith('#')))
        {
            if (line.StartsWith("# expect: ", StringComparison.Ordinal))
                expected.Add(line["# expect: ".Length..]);
            else
                Assert.StartsWith("# note: ", line, StringComparison.Ordinal);
        }

        Assert.NotEmpty(expected);
        Assert.All(expected, verdict => Assert.Matches("^(ok|[1-9][0-9]*:[1-9][0-9]*: .+)$", verdict));
        return [.. expected];
    }

    private static string Verdict(string path)
    {
        try
        {
            SealdiskConfiguration.Load(path, Checks.Requirable);
            return "ok";
        }
        catch (ConfigurationException refused)
        {
            Assert.Equal(path, refused.Path);
            Assert.Equal((refused.Errors[0].Line, refused.Errors[0].Column), (refused.Line, refused.Column));
            return refused.Message.Replace(path + ":", "", StringComparison.Ordinal);
        }
    }
}
