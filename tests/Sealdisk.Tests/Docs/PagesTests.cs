namespace Sealdisk.Tests.Docs;

/// <summary>What holds for every document.</summary>
public sealed class PagesTests
{
    private const int LongestLine = 140;

    [Fact]
    public void Every_page_is_reachable_from_the_table_of_the_README()
    {
        var linked = Page.Named("README.md").Lines().Where(line => line.Line.StartsWith('|')).Select(line => line.Line).ToList();
        var missing = Directory.GetFiles(Path.Combine(Golden.Root, "docs"), "*.md").Select(file => Path.GetFileName(file)!)
            .Where(name => !linked.Exists(row => row.Contains($"](docs/{name})", StringComparison.Ordinal)));
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_check_of_the_audit_is_reachable_from_its_page()
    {
        var linked = Page.Named("docs/audit.md").Links().Select(link => link.Target).ToHashSet(StringComparer.Ordinal);
        var pages = Directory.GetFiles(Path.Combine(Golden.Root, "docs", "audit")).Select(file => $"audit/{Path.GetFileName(file)}");
        Assert.Empty(pages.Except(linked));
    }

    [Fact]
    public void Every_link_leads_somewhere()
    {
        var broken = new List<string>();
        foreach (var page in Page.All)
        {
            var folder = Path.GetDirectoryName(Path.Combine(Golden.Root, page.Path))!;
            foreach (var (number, target) in page.Links().Where(link => !link.Target.Contains("://", StringComparison.Ordinal)))
            {
                var (file, anchor) = target.Split('#') is [var before, var after] ? (before, after) : (target, null);
                var path = file.Length == 0 ? Path.Combine(Golden.Root, page.Path) : Path.GetFullPath(Path.Combine(folder, file));
                if (!Path.Exists(path))
                    broken.Add($"{page.Path}:{number}: there is no {target}");
                else if (anchor is not null && !Page.Named(path).Anchors().Contains(anchor, StringComparer.Ordinal))
                    broken.Add($"{page.Path}:{number}: {target} has no such heading");
            }
        }
        Assert.Empty(broken);
    }

    [Fact]
    public void No_line_of_prose_is_longer_than_a_screen() =>
        Assert.Empty(Page.All.SelectMany(page => page.Lines()
            .Where(line => line.Line.Length > LongestLine && !line.Line.TrimStart().StartsWith('|'))
            .Select(line => $"{page.Path}:{line.Number}: {line.Line.Length} columns")));

    [Fact]
    public void Every_picture_can_be_read_in_light_and_dark() =>
        Assert.All(Directory.GetFiles(Path.Combine(Golden.Root, "docs", "pictures"), "*.svg"), file =>
        {
            var picture = File.ReadAllText(file);
            Assert.Contains("prefers-color-scheme: dark", picture, StringComparison.Ordinal);
            Assert.Contains("class=\"back\"", picture, StringComparison.Ordinal);
        });
}
