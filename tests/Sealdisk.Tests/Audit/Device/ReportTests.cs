using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sealdisk.Audit.Device;
using Sealdisk.Audit.Reports;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>The reports for machines and for managers: their shape, and what hostile names in an audited system do to them.</summary>
public sealed class ReportTests
{
    private const string Hostile = "<script>alert(1)</script>\"'&\u001b]0;x\u0007";

    /// <summary>What sarif-schema-2.1.0.json demands of the parts that are used.</summary>
    [Fact]
    public void Sarif_has_the_shape_of_2_1_0()
    {
        using var document = JsonDocument.Parse(AuditSarif.Write(Audit(Accepting("closed"))));
        var log = document.RootElement;
        Assert.Equal("2.1.0", log.GetProperty("version").GetString());
        Assert.Equal("https://json.schemastore.org/sarif-2.1.0.json", log.GetProperty("$schema").GetString());
        var run = Assert.Single(log.GetProperty("runs").EnumerateArray());
        var driver = run.GetProperty("tool").GetProperty("driver");
        Assert.Equal("sealdisk", driver.GetProperty("name").GetString());
        Assert.Matches(@"^[0-9]+\.[0-9]+\.[0-9]+", driver.GetProperty("version").GetString());
        var rules = driver.GetProperty("rules").EnumerateArray().ToArray();
        Assert.Equal(Checks.All.Count, rules.Length);
        foreach (var rule in rules)
        {
            foreach (var text in new[] { "shortDescription", "fullDescription", "help" })
                Assert.NotEqual("", rule.GetProperty(text).GetProperty("text").GetString());
            var help = rule.GetProperty("help").GetProperty("markdown").GetString();
            Assert.Contains($"docs/audit/{rule.GetProperty("id").GetString()}.md", help, StringComparison.Ordinal);
            var level = rule.GetProperty("defaultConfiguration").GetProperty("level").GetString();
            Assert.Contains(level, new[] { "note", "warning", "error" });
        }
        var bases = run.GetProperty("originalUriBaseIds");
        var results = run.GetProperty("results").EnumerateArray().ToArray();
        foreach (var result in results)
        {
            var rule = rules[result.GetProperty("ruleIndex").GetInt32()];
            Assert.Equal(rule.GetProperty("id").GetString(), result.GetProperty("ruleId").GetString());
            var kind = result.GetProperty("kind").GetString();
            Assert.Contains(kind, new[] { "fail", "open", "pass", "notApplicable" });
            // A level other than none goes with kind fail, and with no other (3.27.10).
            Assert.Equal(kind != "fail", result.GetProperty("level").GetString() == "none");
            Assert.NotEqual("", result.GetProperty("message").GetProperty("text").GetString());
            foreach (var location in result.GetProperty("locations").EnumerateArray())
            {
                if (!location.TryGetProperty("physicalLocation", out var physical))
                    continue;
                var artifact = physical.GetProperty("artifactLocation");
                Assert.DoesNotMatch("^/|[^A-Za-z0-9/._~%-]", artifact.GetProperty("uri").GetString());
                Assert.True(bases.TryGetProperty(artifact.GetProperty("uriBaseId").GetString()!, out _));
            }
        }
        var closed = Assert.Single(results, result => result.GetProperty("ruleId").GetString() == "closed");
        var suppression = Assert.Single(closed.GetProperty("suppressions").EnumerateArray());
        Assert.Equal("external", suppression.GetProperty("kind").GetString());
        Assert.Contains("until 2099-12-31", suppression.GetProperty("justification").GetString(), StringComparison.Ordinal);
        Assert.Contains(results, result => result.GetProperty("kind").GetString() == "open");
    }

    /// <summary>Every object that is written, by the properties that the schema has for it; those with a * it demands.</summary>
    private static readonly Dictionary<string, string> SarifObjects = new(StringComparer.Ordinal)
    {
        ["log"] = "$schema:uri version*:=2.1.0 runs*:[run]",
        ["run"] = "tool*:tool originalUriBaseIds:{artifactLocation} results:[result] columnKind:=utf16CodeUnits|unicodeCodePoints "
            + "properties:any",
        ["tool"] = "driver*:toolComponent",
        ["toolComponent"] = "name*:text version:text rules:[reportingDescriptor]",
        ["reportingDescriptor"] = "id*:text shortDescription:message fullDescription:message help:message "
            + "defaultConfiguration:configuration properties:any",
        ["configuration"] = "level:=none|note|warning|error",
        ["message"] = "text*:text markdown:text",
        ["result"] = "message*:message ruleId:text ruleIndex:number kind:=notApplicable|pass|fail|review|open|informational "
            + "level:=none|note|warning|error locations:[location] partialFingerprints:any suppressions:[suppression]",
        ["location"] = "physicalLocation:physicalLocation logicalLocations:[logicalLocation] message:message",
        ["physicalLocation"] = "artifactLocation*:artifactLocation",
        ["artifactLocation"] = "uri:uri uriBaseId:text description:message",
        ["logicalLocation"] = "name:text",
        ["suppression"] = "kind*:=inSource|external justification:text",
    };

    /// <summary>The schema allows no property that it does not name, so the table above has every one that may be written.</summary>
    [Theory]
    [MemberData(nameof(RootTests.Names), MemberType = typeof(RootTests))]
    public void Sarif_has_what_the_schema_demands_and_nothing_that_it_does_not_know(string name)
    {
        using var document = JsonDocument.Parse(AuditSarif.Write(RootTests.Audit(name)));
        Assert.Null(SarifProblem(document.RootElement, "log"));
    }

    [Theory]
    [InlineData("\"version\": \"2.1.0\"", "\"version\": \"2.0.0\"")]
    [InlineData("\"columnKind\"", "\"columnSort\"")]
    [InlineData("\"kind\": \"open\"", "\"kind\": \"unknown\"")]
    [InlineData("\"name\": \"sealdisk\",", "")]
    [InlineData("\"ruleIndex\": 0", "\"ruleIndex\": \"0\"")]
    [InlineData("\"uri\": \"sys/", "\"uri\": \"sys /")]
    public void Sarif_that_is_wrong_would_be_noticed(string right, string wrong)
    {
        var sarif = Encoding.UTF8.GetString(AuditSarif.Write(Audit(Baseline.None)));
        Assert.Contains(right, sarif, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(sarif.Replace(right, wrong, StringComparison.Ordinal));
        Assert.NotNull(SarifProblem(document.RootElement, "log"));
    }

    /// <summary>What is wrong with a value of that kind, or null.</summary>
    private static string? SarifProblem(JsonElement value, string kind)
    {
        if (kind == "any")
            return value.ValueKind == JsonValueKind.Object ? null : "not an object";
        if (kind == "number")
            return value.ValueKind == JsonValueKind.Number ? null : "not a number";
        if (kind is "text" or "uri" || kind[0] == '=')
        {
            if (value.ValueKind != JsonValueKind.String)
                return "not a string";
            var text = value.GetString()!;
            var isGood = kind == "text"
                || (kind == "uri" ? Uri.IsWellFormedUriString(text, UriKind.RelativeOrAbsolute) : IsOneOf(text, kind[1..]));
            return isGood ? null : $"'{text}' is no {kind}";
        }
        if (kind[0] == '[')
            return value.ValueKind == JsonValueKind.Array ? FirstProblem(value.EnumerateArray(), kind[1..^1]) : "not an array";
        if (value.ValueKind != JsonValueKind.Object)
            return "not an object";
        if (kind[0] == '{')
            return FirstProblem(value.EnumerateObject().Select(property => property.Value), kind[1..^1]);
        var properties = SarifObjects[kind].Split(' ').Select(word => word.Split(':', 2))
            .ToDictionary(pair => pair[0].TrimEnd('*'), pair => (IsDemanded: pair[0].EndsWith('*'), Kind: pair[1]), StringComparer.Ordinal);
        var missing = properties.Where(property => property.Value.IsDemanded && !value.TryGetProperty(property.Key, out _));
        if (missing.Select(property => property.Key).FirstOrDefault() is { } name)
            return $"{kind} has no {name}";
        foreach (var property in value.EnumerateObject())
        {
            if (!properties.TryGetValue(property.Name, out var known))
                return $"{kind} has no property {property.Name}";
            if (SarifProblem(property.Value, known.Kind) is { } problem)
                return $"{kind}.{property.Name}: {problem}";
        }
        return null;
    }

    private static bool IsOneOf(string text, string words) => words.Split('|').Contains(text, StringComparer.Ordinal);

    private static string? FirstProblem(IEnumerable<JsonElement> values, string kind) =>
        values.Select(value => SarifProblem(value, kind)).FirstOrDefault(problem => problem is not null);

    [Fact]
    public void The_page_needs_nothing_but_itself_and_runs_nothing()
    {
        var page = Encoding.UTF8.GetString(AuditHtml.Write(Audit(Baseline.None)));
        Assert.StartsWith("<!DOCTYPE html>", page, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        const string Loading = @"<(script|link|img|iframe|object|embed|base|form)\b|\ssrc=|\shref=""?(http|//)|url\(|@import";
        const string Running = @"\son[a-z]+=|javascript:";
        var options = RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture;
        Assert.DoesNotMatch(new Regex($"{Loading}|{Running}", options, Patience.Limit), page);
        Balanced(page);
    }

    [Fact]
    public void What_an_audited_system_says_of_itself_stays_text()
    {
        var tree = new RootTree("hostile").Machine(Hostile, "acme,x").Kernel($"console=tty {Hostile} rd.break={Hostile}", "DEVMEM=y")
            .Text("/proc/swaps", $"Filename\tType\n/{Hostile}\tfile\t1\t0\t-2")
            .Text("/proc/keys", $"1b2c3d4e I--Q--- 1 perm 3f010000 0 0 logon {Hostile}: 32");
        var result = Audit(tree, Baseline.None);
        var page = Encoding.UTF8.GetString(AuditHtml.Write(result));
        Assert.Contains("&lt;script&gt;alert(1)", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u001b', page);
        Balanced(page);
        using var sarif = JsonDocument.Parse(AuditSarif.Write(result));
        using var json = JsonDocument.Parse(AuditJson.Write(result));
        Assert.Equal(2, new[] { sarif, json }.Count(document => document.RootElement.ValueKind == JsonValueKind.Object));
    }

    [Fact]
    public void A_finding_that_is_accepted_is_still_shown_and_no_longer_counted()
    {
        var (before, after) = (Audit(Baseline.None), Audit(Accepting("closed")));
        Assert.Equal(before.CountOpen(Severity.Critical) - 1, after.CountOpen(Severity.Critical));
        Assert.Contains("accepted", Encoding.UTF8.GetString(AuditHtml.Write(after)), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(AuditJson.Write(after));
        var findings = json.RootElement.GetProperty("findings").EnumerateArray();
        var closed = Assert.Single(findings, finding => finding.GetProperty("id").GetString() == "closed");
        Assert.Equal("fails", closed.GetProperty("status").GetString());
        Assert.Equal("until the factory closes them", closed.GetProperty("accepted").GetProperty("reason").GetString());
    }

    private static Baseline Accepting(string id) =>
        Baseline.Parse($"[accept.{id}]\nreason = \"until the factory closes them\"\nuntil = \"2099-12-31\"\n", "b.toml");

    private static AuditResult Audit(Baseline baseline) => Audit(ConstructedRoots.All["stm32mp25-open"], baseline);

    private static AuditResult Audit(RootTree tree, Baseline baseline)
    {
        var folder = Directory.CreateTempSubdirectory("sealdisk-root-").FullName;
        try
        {
            tree.WriteTo(folder);
            return DeviceAudit.Run(new SystemRoot(folder), "/etc/sealdisk.toml", baseline, new DateOnly(2026, 11, 23));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Every element that is opened is closed, in its place.</summary>
    private static void Balanced(string page)
    {
        var open = new Stack<string>();
        foreach (Match tag in Regex.Matches(page, "<(?<end>/?)(?<name>[a-z][a-z0-9]*)[^>]*>", RegexOptions.None, Patience.Limit))
        {
            var name = tag.Groups["name"].Value;
            if (name is "meta" or "br" or "hr")
                continue;
            if (tag.Groups["end"].Value.Length == 0)
                open.Push(name);
            else
                Assert.Equal(open.Pop(), name);
        }
        Assert.Empty(open);
    }
}
