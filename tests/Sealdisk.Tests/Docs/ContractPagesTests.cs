using System.Globalization;
using Sealdisk.Doctor;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Tests.Docs;

/// <summary>Pages that scripts and configurations depend on name everything that the code has.</summary>
public sealed class ContractPagesTests
{
    private const string Settings = @"\b(?:Read|Require|ReadList)(?:<[^(]+>)?\(""([a-z-]+)""";

    private static readonly Page Json = Page.Named("docs/json.md");

    private static IReadOnlyList<string> Steps => SourceText.Words("PlanText.cs", @"Step\.[A-Za-z]+ => ""([a-z]+)""");

    [Theory]
    [InlineData("Reports.cs", @"\.Field\(""([a-z_]+)""")]
    [InlineData("RecordReport.cs", @"\.Field\(""([a-z_]+)""")]
    [InlineData("StatusReport.cs", @"\.Field\(""([a-z_]+)""")]
    [InlineData("FamilyReport.cs", @"\.Field\(""([a-z_]+)""")]
    [InlineData("AuditJson.cs", @"""([a-z_]+)""u8")]
    [InlineData("VerdictWriter.cs", @"(?:json\.Write\w+\(|\{|,)\\?""([a-z_]+)\\?(?:""u8|"":)")]
    public void The_JSON_page_names_every_field(string file, string pattern) =>
        Assert.All(SourceText.Words(file, pattern), field => Assert.Contains($"`{field}`", Json.Text, StringComparison.Ordinal));

    [Fact]
    public void The_JSON_page_names_every_step_and_no_other() =>
        Assert.Equal(Steps, Json.WordsOfTable("### plan").Except(["plan", "steps", "refusal"]).Order(StringComparer.Ordinal));

    [Fact]
    public void The_JSON_page_names_every_finding_of_the_doctor_on_this_system() =>
        Assert.All(SystemDoctor.Examine([]), finding => Assert.Contains($"`{finding.Id}`", Json.Text, StringComparison.Ordinal));

    [Fact]
    public void The_page_of_the_design_says_what_a_power_cut_leaves_after_every_step()
    {
        var words = Page.Named("docs/design.md").WordsOfTable("## Steps, and what a power cut leaves");
        Assert.Equal(Steps, words.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_page_of_exit_codes_has_every_code_and_an_example_of_each()
    {
        var text = Page.Named("docs/exit-codes.md").Text;
        var codes = Enum.GetValues<ExitCode>().Select(code => ((int)code).ToString(CultureInfo.InvariantCulture)).ToList();
        var rows = text.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(line[2]))
            .Select(line => line.Split('|')[1].Trim());
        Assert.Equal(codes, rows);
        Assert.All(codes, code => Assert.Contains($"    → {code}\n", text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_page_of_the_configuration_has_every_setting_and_no_other()
    {
        var page = Page.Named("docs/configuration.md");
        Assert.Equal(SourceText.Words("VolumeSettings.cs", Settings), page.WordsOfTable("## [volume.NAME]").Order(StringComparer.Ordinal));
        Assert.Equal(SourceText.Words("TpmReader.cs", Settings), page.WordsOfTable("## [source.tpm]").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("## [volume.NAME]", "[volume.data]")]
    [InlineData("## [source.tpm]", "[source.tpm]")]
    [InlineData("## [source.soft]", "[source.soft]")]
    public void The_reader_knows_every_setting_of_the_page(string heading, string table)
    {
        foreach (var setting in Page.Named("docs/configuration.md").WordsOfTable(heading))
        {
            // A table is what no setting is, so each is an error; an unknown one is another error.
            var text = $"{table}\n{setting} = {{}}\n";
            var refused = Assert.Throws<ConfigurationException>(() => SealdiskConfiguration.Parse(text, "sealdisk.toml", []));
            Assert.DoesNotContain("unknown key", refused.Message, StringComparison.Ordinal);
            Assert.Contains(setting, refused.Message, StringComparison.Ordinal);
        }
    }
}
