using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>Accepted findings: only with a reason, only until a day, and never silently for longer.</summary>
public sealed class BaselineTests
{
    private static readonly DateOnly Day = new(2026, 11, 23);

    [Theory]
    [InlineData("2026-11-23", true)]
    [InlineData("2026-11-22", false)]
    public void An_acceptance_counts_up_to_its_last_day(string until, bool counts)
    {
        var baseline = Baseline.Parse($"[accept.kexec]\nreason = \"field updates\"\nuntil = \"{until}\"\n", "b.toml");
        var (findings, notes) = baseline.Apply([Fails("kexec"), Fails("kdump")], Day);
        Assert.Equal(counts, findings[0].Accepted is not null);
        Assert.Equal(!counts, findings[0].IsOpen);
        Assert.True(findings[1].IsOpen);
        Assert.Equal(counts ? [] : ["the acceptance of kexec expired on 2026-11-22: field updates"], notes);
    }

    [Fact]
    public void Subjects_limit_it_to_those_volumes()
    {
        var baseline = Baseline.Parse(
            "[accept.cipher]\nreason = \"old disks\"\nuntil = \"2027-01-01\"\nsubjects = [\"data\"]\n", "b.toml");
        var (findings, _) = baseline.Apply([Fails("cipher", "data"), Fails("cipher", "logs"), Fails("cipher")], Day);
        Assert.Equal([false, true, true], findings.Select(finding => finding.IsOpen));
    }

    [Theory]
    [InlineData(FindingStatus.Unknown)]
    [InlineData(FindingStatus.Holds)]
    public void An_acceptance_of_a_check_that_does_not_fail_is_reported(FindingStatus status)
    {
        var baseline = Baseline.Parse("[accept.kexec]\nreason = \"x\"\nuntil = \"2027-01-01\"\n", "b.toml");
        var (findings, notes) = baseline.Apply([Fails("kexec") with { Status = status }], Day);
        Assert.Null(findings[0].Accepted);
        Assert.Equal("the acceptance of kexec covers nothing that fails: remove it", Assert.Single(notes));
    }

    [Theory]
    [InlineData("[accept.kexec]\nuntil = \"2027-01-01\"\n", "needs reason")]
    [InlineData("[accept.kexec]\nreason = \" \"\nuntil = \"2027-01-01\"\n", "reason must be a sentence")]
    [InlineData("[accept.kexec]\nreason = \"x\"\n", "needs until")]
    [InlineData("[accept.kexec]\nreason = \"x\"\nuntil = \"soon\"\n", "until must be a day")]
    [InlineData("[accept.kexec]\nreason = \"x\"\nuntil = \"2027-02-30\"\n", "until must be a day")]
    [InlineData("[accept.kexce]\nreason = \"x\"\nuntil = \"2027-01-01\"\n", "did you mean kexec?")]
    [InlineData("[accept.kexec]\nreason = \"x\"\nuntil = \"2027-01-01\"\nforever = true\n", "unknown key forever")]
    [InlineData("[accept]\nkexec = true\n", "an acceptance is a table")]
    [InlineData("[accpt.kexec]\n", "unknown key accpt")]
    public void A_baseline_that_says_less_than_it_must_is_refused(string text, string words)
    {
        var refusal = Assert.Throws<ConfigurationException>(() => Baseline.Parse(text, "b.toml"));
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    private static Finding Fails(string id, string? subject = null)
    {
        var check = Checks.Find(id)!;
        return new Finding(check, FindingStatus.Fails, check.Severity, "it is so", [], subject);
    }
}
