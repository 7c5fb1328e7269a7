using System.Text;
using Sealdisk.Audit.Device;
using Sealdisk.Audit.Reports;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>
/// Every system of tests/roots gives the findings that are kept with it. With SEALDISK_UPDATE_ROOTS=1 the constructed trees and all
/// expectations are rewritten, to be reviewed as a diff.
/// </summary>
public sealed class RootTests
{
    private static readonly string Folder = Path.Combine(Golden.Root, "tests", "roots");
    private static readonly DateOnly Day = new(2026, 11, 23);
    private static readonly bool IsUpdating = Environment.GetEnvironmentVariable("SEALDISK_UPDATE_ROOTS") == "1";

    public static TheoryData<string> Names => [.. Trees().Order(StringComparer.Ordinal)];

    public static TheoryData<string> Constructed => [.. ConstructedRoots.All.Keys];

    [Theory]
    [MemberData(nameof(Constructed))]
    public void A_constructed_tree_is_what_its_facts_say(string name)
    {
        var tree = ConstructedRoots.All[name];
        var folder = Path.Combine(Folder, name);
        if (IsUpdating)
        {
            // The tree alone: what is kept with it is written by other tests, in any order.
            if (Directory.Exists(Path.Combine(folder, "tree")))
                Directory.Delete(Path.Combine(folder, "tree"), recursive: true);
            tree.WriteTo(Path.Combine(folder, "tree"));
            File.WriteAllText(Path.Combine(folder, "ABOUT"), $"Constructed from documented facts, not captured.\n{tree.About}.\n");
        }
        var there = Directory.EnumerateFiles(Path.Combine(folder, "tree"), "*", SearchOption.AllDirectories)
            .ToDictionary(path => path[(folder.Length + 5)..], File.ReadAllBytes, StringComparer.Ordinal);
        Assert.Equal(tree.Files.Keys, there.Keys.Order(StringComparer.Ordinal));
        foreach (var (path, content) in tree.Files)
            Assert.True(content.AsSpan().SequenceEqual(there[path]), path);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_system_gives_the_findings_that_are_kept_with_it(string name) =>
        IsAsKept(Path.Combine(Folder, name, "expected.txt"), FindingsText.Of(Audit(name)));

    [Fact]
    public void A_whole_report_is_as_kept() =>
        IsAsKept(Path.Combine(Folder, FindingsText.WholeJson, "expected.json"), FindingsText.Json(Audit(FindingsText.WholeJson)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_secret_is_in_any_report(string name)
    {
        var result = Audit(name);
        var report = Encoding.UTF8.GetString([.. AuditJson.Write(result), .. AuditSarif.Write(result), .. AuditHtml.Write(result)]);
        var sealedKeys = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, name, "tree"), "*", SearchOption.AllDirectories))
        {
            var lines = File.ReadAllText(file, Encoding.Latin1).Split('\n');
            foreach (var line in lines.Where(text => text.StartsWith("sealed-key=", StringComparison.Ordinal)))
            {
                sealedKeys++;
                Assert.DoesNotContain(line["sealed-key=".Length..][..32], report, StringComparison.OrdinalIgnoreCase);
            }
        }
        var goodRecords = result.Findings.Count(finding => finding.Check.Id == "record-copies" && finding.Status == FindingStatus.Holds);
        Assert.Equal(goodRecords * 2, sealedKeys);
    }

    /// <summary>A source in the catalogue, or a HUK that is not zeros, does not pass unless the chip is closed.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_huk_source_holds_on_closed_chips_only(string name)
    {
        var findings = Audit(name).Findings;
        if (findings.First(finding => finding.Check.Id == "huk-source").Status == FindingStatus.Holds)
            Assert.Equal(FindingStatus.Holds, findings.First(finding => finding.Check.Id == "closed").Status);
    }

    [Theory]
    [InlineData("stm32mp15-blank-uid", "stm32mp15-uid")]
    [InlineData("stm32mp13-open-no-saes", "all-zero")]
    [InlineData("stm32mp25-open", "all-zero")]
    [InlineData("zynqmp-unauthenticated", "zynqmp-dna")]
    [InlineData("imx6ull-open-dcp", "dcp-zero-key")]
    [InlineData("imx8mm-open-no-option", "all-zero")]
    [InlineData("am625-gp", "all-zero")]
    [InlineData("npcm845", "npcm-zeros")]
    [InlineData("qemu-zero", "all-zero")]
    [InlineData("board", "all-zero")]
    public void A_public_huk_is_caught_and_is_critical(string name, string huk)
    {
        var result = Audit(name);
        var finding = Assert.Single(result.Findings, finding => finding.Check.Id == "huk-unknown");
        Assert.Equal((FindingStatus.Fails, Severity.Critical), (finding.Status, finding.Severity));
        Assert.Contains(finding.Evidence, evidence => evidence.Path == "HUK" && evidence.What == huk);
        Assert.StartsWith("No: ", result.Answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stm32mp15-closed", FindingStatus.Holds)]
    [InlineData("stm32mp13-closed", FindingStatus.Holds)]
    [InlineData("zynqmp-authenticated", FindingStatus.Holds)]
    [InlineData("imx6ull-closed-dcp", FindingStatus.Holds)]
    [InlineData("imx8mp-closed", FindingStatus.Holds)]
    [InlineData("ls1046a-closed", FindingStatus.Holds)]
    [InlineData("stm32mp13-open-no-saes", FindingStatus.Fails)]
    [InlineData("imx6q-open-caam", FindingStatus.Fails)]
    [InlineData("imx7d-field-return", FindingStatus.Fails)]
    [InlineData("zynqmp-unauthenticated", FindingStatus.Fails)]
    [InlineData("zynqmp-no-efuse-access", FindingStatus.Unknown)]
    [InlineData("imx93", FindingStatus.Unknown)]
    [InlineData("imx8qxp", FindingStatus.Unknown)]
    [InlineData("am625-hs", FindingStatus.Unknown)]
    [InlineData("qemu-own-huk", FindingStatus.Unknown)]
    [InlineData("board", FindingStatus.Unknown)]
    [InlineData("unknown-arm", FindingStatus.Unknown)]
    [InlineData("nothing", FindingStatus.Unknown)]
    [InlineData("pc-tpm-secure-boot", FindingStatus.NotApplicable)]
    public void The_life_cycle_is_read_per_family(string name, FindingStatus status) =>
        Assert.Equal(status, Assert.Single(Audit(name).Findings, finding => finding.Check.Id == "closed").Status);

    [Fact]
    public void A_secret_huk_is_never_said_to_be_secret()
    {
        foreach (var name in new[] { "stm32mp15-closed", "imx8mp-closed", "qemu-own-huk", "stm32mp13-closed" })
        {
            var result = Audit(name);
            Assert.Equal(FindingStatus.Unknown, Assert.Single(result.Findings, finding => finding.Check.Id == "huk-unknown").Status);
            Assert.Contains("nothing proves that the HUK is secret", result.Answer, StringComparison.Ordinal);
        }
    }

    /// <summary>The processor families that matter most have a system each, beside others of the catalogue.</summary>
    [Fact]
    public void Every_great_family_has_its_tree()
    {
        var families = Names.Select(row => Audit(row.Data).Platform.Family?.Id).ToHashSet(StringComparer.Ordinal);
        string[] great =
        [
            "stm32mp15", "stm32mp13", "zynqmp", "versal", "imx93", "imx6", "imx7", "imx8m", "imx6ull", "k3", "dra7", "armada", "rk3588",
            "npcm8xx", "qemu",
        ];
        Assert.Empty(great.Except(families, StringComparer.Ordinal));
    }

    /// <summary>Where nothing can be read, nothing passes.</summary>
    [Fact]
    public void Of_nothing_nothing_is_known_and_nothing_holds()
    {
        var result = Audit("nothing");
        Assert.Equal(0, result.Count(FindingStatus.Holds));
        Assert.Contains("unknown: ", result.Answer, StringComparison.Ordinal);
        Assert.True(result.Reaches(Severity.Critical, unknownToo: true));
    }

    /// <summary>Words that promise what no audit can.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void No_report_promises_safety(string name)
    {
        var result = Audit(name);
        string[] forbidden =
        [
            "is secure", "is safe", "fully protected", "is protected", "unbreakable", "guarantee", "100%", "cannot be broken",
            "no weakness", "Yes",
        ];
        foreach (var text in result.Findings.Select(finding => finding.Text).Append(result.Answer))
            foreach (var promise in forbidden)
                Assert.DoesNotContain(promise, text, StringComparison.OrdinalIgnoreCase);
        Assert.Matches("^(No|Not as it stands|Only in part): |^No serious weakness found in what could be checked; ", result.Answer);
    }

    [Fact]
    public void Every_check_appears_in_every_audit()
    {
        foreach (var name in Names.Select(row => row.Data))
        {
            var ids = Audit(name).Findings.Select(finding => finding.Check.Id).Distinct(StringComparer.Ordinal).ToArray();
            string[] ofVolumes = ["hardware-source", "sealed-closed", "cipher", "record-copies", "first-boot-done", "discard"];
            var missing = Checks.All.Select(check => check.Id).Except(ids, StringComparer.Ordinal);
            Assert.Empty(missing.Except(ofVolumes, StringComparer.Ordinal));
        }
    }

    internal static AuditResult Audit(string name) =>
        DeviceAudit.Run(new SystemRoot(Path.Combine(Folder, name, "tree")), "/etc/sealdisk.toml", Baseline.None, Day);

    private static IEnumerable<string> Trees()
    {
        var there = Directory.Exists(Folder) ? Directory.GetDirectories(Folder).Select(path => Path.GetFileName(path)) : [];
        return there.Union(IsUpdating ? ConstructedRoots.All.Keys : []);
    }

    private static void IsAsKept(string file, string text)
    {
        if (IsUpdating)
            File.WriteAllText(file, text);
        Assert.Equal(File.ReadAllText(file), text);
    }
}
