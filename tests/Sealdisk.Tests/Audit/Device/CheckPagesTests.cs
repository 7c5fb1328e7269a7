using System.Text;
using Sealdisk.Audit.Device;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>Every check has its page in docs/audit, which says what 'audit --explain' says, and docs/audit has no other.</summary>
public sealed class CheckPagesTests
{
    public static TheoryData<string> Ids => [.. Checks.All.Select(check => check.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_page_says_what_the_check_says(string id)
    {
        var check = Checks.Find(id)!;
        GeneratedPage.Check($"docs/audit/{id}.md", $"""
            # {id}

            **{check.Title}.** Severity of a failure: {check.Severity.Word()}, unless the finding says otherwise.

            ## Why

            {check.Attack}

            ## Remedy

            {check.Remedy}

            ## What is read

            {check.Reads}

            Reference: {check.Reference}. How to read an audit: [docs/audit.md](../audit.md).

            """);
    }

    [Fact]
    public void There_is_no_page_without_its_check()
    {
        var pages = Directory.GetFiles(Path.Combine(Golden.Root, "docs", "audit")).Select(path => Path.GetFileName(path)!);
        var expected = Checks.All.Select(check => check.Id + ".md");
        Assert.Equal(expected.Order(StringComparer.Ordinal), pages.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Groups_follow_each_other_and_do_not_mix()
    {
        Assert.Equal(Enum.GetValues<CheckGroup>(), Checks.Groups);
        Assert.Equal(Checks.All.Select(check => check.Group).Order(), Checks.All.Select(check => check.Group));
    }

    /// <summary>What needs a volume to look at cannot be required before there is one.</summary>
    [Fact]
    public void Checks_of_volumes_cannot_be_required()
    {
        Assert.DoesNotContain(Checks.All, check => check.Group == CheckGroup.Volumes && check.CanBeRequired);
        Assert.Contains("closed", Checks.Requirable);
        Assert.Contains("huk-unknown", Checks.Requirable);
    }

    [Fact]
    public void Every_check_is_whole()
    {
        Assert.Equal(Checks.All.Count, Checks.All.Select(check => check.Id).Distinct(StringComparer.Ordinal).Count());
        foreach (var check in Checks.All)
        {
            Assert.Matches("^[a-z]+(-[a-z]+)*$", check.Id);
            Assert.False(check.Title.EndsWith('.'), check.Id);
            foreach (var text in new[] { check.Attack, check.Remedy, check.Reads })
                Assert.True(text.EndsWith('.'), $"{check.Id}: {text}");
            Assert.NotEmpty(check.Reference);
            Assert.True(Encoding.UTF8.GetByteCount(check.Attack) > 30, check.Id);
        }
    }
}
