using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Sealdisk.Audit.Device;
using Sealdisk.Audit.Reports;
using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>
/// The page of an audit as headless Chromium renders it: what a person sees, on a screen and on a phone, and that nothing is loaded or run.
/// </summary>
[Trait("needs", "native")]
public sealed class BrowserTests : IDisposable
{
    private const int Phone = 320;

    /// <summary>Loads the page into a frame of a phone's width, measures it there, and leaves what was measured as text.</summary>
    private const string Measure = """
        <!DOCTYPE html><meta charset="utf-8">
        <iframe id="frame" style="border:0;width:WIDTHpx;height:700px" srcdoc="PAGE"></iframe><pre id="measured"></pre>
        <script>
        frame.onload = () => {
          const page = frame.contentDocument;
          const all = selector => [...page.querySelectorAll(selector)], count = selector => all(selector).length;
          const ids = all('[id]').map(element => element.id);
          const kinds = {};
          for (const kind of ['critical', 'high', 'medium', 'low', 'unknown', 'holds'])
            kinds[kind] = [Number(page.querySelector('.counts .' + kind + ' b').textContent), count('details.' + kind)];
          measured.textContent = JSON.stringify({
            kinds, findings: count('main details'), open: count('details[open]'), todo: count('.urgent li'),
            first: page.querySelector('.urgent li a')?.getAttribute('href'),
            answer: page.querySelector('.answer').textContent,
            deadLinks: all('a').filter(link => !page.getElementById(link.getAttribute('href').slice(1))).length,
            doubleIds: ids.length - new Set(ids).size,
            tooWide: all('body *').filter(element => element.getBoundingClientRect().right > page.documentElement.clientWidth).length,
            overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
            loaded: frame.contentWindow.performance.getEntriesByType('resource').length,
            elements: [...new Set(all('*').map(element => element.localName))].sort(),
          });
        };
        </script>
        """;

    private readonly TemporaryDirectory _folder = new();

    [Theory]
    [InlineData("qemu-zero")]
    [InlineData("qemu-own-huk")]
    [InlineData("imx8mm-open-no-option")]
    [InlineData("raspberrypi-soft")]
    [InlineData("pc-tpm-setup-mode")]
    [InlineData("nothing")]
    [InlineData("board")]
    public void A_page_shows_what_was_found_and_fits_a_phone(string name)
    {
        var result = RootTests.Audit(name);
        var measured = MeasureIn(AuditHtml.Write(result), Phone);
        Assert.Equal(result.Answer, measured.GetProperty("answer").GetString());
        Assert.Equal(result.Findings.Count, Number(measured, "findings"));
        foreach (var severity in new[] { Severity.Critical, Severity.High, Severity.Medium, Severity.Low })
            AssertCount(measured, severity.Word(), result.CountOpen(severity));
        AssertCount(measured, "unknown", result.Count(FindingStatus.Unknown));
        AssertCount(measured, "holds", result.Count(FindingStatus.Holds));
        Assert.Equal((result.Urgent.Count(), result.Urgent.Count()), (Number(measured, "open"), Number(measured, "todo")));
        if (result.Urgent.FirstOrDefault() is { } worst)
            Assert.StartsWith("#" + worst.Check.Id, measured.GetProperty("first").GetString(), StringComparison.Ordinal);
        Assert.Equal((0, 0, 0), (Number(measured, "deadLinks"), Number(measured, "doubleIds"), Number(measured, "loaded")));
        Assert.Equal((0, 0), (Number(measured, "tooWide"), Number(measured, "overflow")));
    }

    [Fact]
    public void What_an_audited_system_says_of_itself_makes_no_element()
    {
        const string Hostile = "</title></style><script>document.title='run'</script><img src=x onerror=alert(1)>\"'><b>";
        var tree = new RootTree("hostile").Machine(Hostile, "acme,x").Kernel($"console=tty {Hostile}", "DEVMEM=y")
            .Text("/proc/swaps", $"Filename\tType\n/{Hostile}\tfile\t1\t0\t-2")
            .Text("/proc/keys", $"1b2c3d4e I--Q--- 1 perm 3f010000 0 0 logon {Hostile}: 32");
        tree.WriteTo(_folder["tree"]);
        var root = new SystemRoot(_folder["tree"]);
        var page = AuditHtml.Write(DeviceAudit.Run(root, "/etc/sealdisk.toml", Baseline.None, new DateOnly(2026, 11, 23)));
        var elements = MeasureIn(page, Phone).GetProperty("elements").EnumerateArray().Select(element => element.GetString()!);
        string[] known =
        [
            "a", "b", "body", "br", "code", "dd", "details", "dl", "dt", "footer", "h1", "h2", "head", "header", "html", "li", "main",
            "meta", "ol", "p", "section", "span", "style", "summary", "title", "ul",
        ];
        Assert.Empty(elements.Except(known, StringComparer.Ordinal));
        Assert.DoesNotContain("CONSOLE", Log(page), StringComparison.Ordinal);
    }

    /// <summary>The browser does not complain; it does if a page tries to load something, which shows that this would be noticed.</summary>
    [Fact]
    public void The_browser_reports_no_error()
    {
        var page = AuditHtml.Write(RootTests.Audit("raspberrypi-soft"));
        Assert.DoesNotContain("CONSOLE", Log(page), StringComparison.Ordinal);
        Assert.Contains("CONSOLE", Log([.. page, .. "<img src=\"http://127.0.0.1:9/x.png\">"u8]), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private JsonElement MeasureIn(byte[] page, int width)
    {
        var text = Encoding.UTF8.GetString(page)
            .Replace("&", "&amp;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
        var frame = Measure.Replace("WIDTH", $"{width}", StringComparison.Ordinal).Replace("PAGE", text, StringComparison.Ordinal);
        var dom = Browse(Encoding.UTF8.GetBytes(frame)).Stdout;
        var from = dom.LastIndexOf("<pre id=\"measured\">", StringComparison.Ordinal) + "<pre id=\"measured\">".Length;
        var json = System.Net.WebUtility.HtmlDecode(dom[from..dom.IndexOf("</pre>", from, StringComparison.Ordinal)]);
        Assert.NotEqual("", json);
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>What the browser logs, messages of the page's console among it.</summary>
    private string Log(byte[] page) => Browse(page).Stderr;

    private ProgramResult Browse(byte[] page)
    {
        var browser = SystemProgram.Find("chromium-headless-shell") ?? SystemProgram.Find("chromium");
        Assert.SkipUnless(browser is not null, "neither chromium-headless-shell nor chromium is installed");
        File.WriteAllBytes(_folder["page.html"], page);
        var result = NativeBinary.Run(new ProcessStartInfo(browser!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            $"--user-data-dir={_folder["profile"]}", "--host-resolver-rules=MAP * ~NOTFOUND",
            "--virtual-time-budget=10000", "--dump-dom", $"file://{_folder["page.html"]}",
        ]));
        Assert.True(result.Exit == 0, result.Stderr);
        return result;
    }

    private static void AssertCount(JsonElement measured, string kind, int count) =>
        Assert.Equal([count, count], measured.GetProperty("kinds").GetProperty(kind).EnumerateArray().Select(number => number.GetInt32()));

    private static int Number(JsonElement measured, string name) => measured.GetProperty(name).GetInt32();
}
