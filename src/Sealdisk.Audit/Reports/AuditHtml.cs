using System.Globalization;
using System.Text;
using Sealdisk.Audit.Device;

namespace Sealdisk.Audit.Reports;

/// <summary>
/// An audit as one HTML page for people who decide: no script, nothing loaded from elsewhere, readable on a phone and on paper. Every text
/// from the audited system is escaped, and the page's own policy forbids it to run or load anything.
/// </summary>
public static class AuditHtml
{
    private const string Style = """
        :root{color-scheme:light dark;--ink:#1a1d21;--soft:#5b6470;--paper:#fff;--line:#d9dde3;
        --critical:#a3123b;--high:#b54708;--medium:#8a6d00;--low:#3f5f8a;--unknown:#5f4b8b;--holds:#1f6f43}
        @media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a3abb5;--paper:#16191d;--line:#333a42;
        --critical:#ff6b8b;--high:#ff9d57;--medium:#e0c04a;--low:#8db4ea;--unknown:#b9a5ec;--holds:#6fce9b}}
        *{box-sizing:border-box}
        body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
        margin:0 auto;padding:1rem;max-width:56rem;overflow-wrap:anywhere}
        h1{font-size:1.25rem;margin:.5rem 0;color:var(--soft);font-weight:600}
        h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
        .answer{font-size:1.4rem;line-height:1.35;margin:.5rem 0 1rem}
        .counts{display:flex;flex-wrap:wrap;gap:.5rem;padding:0;margin:0 0 1rem;list-style:none}
        .counts li{border:1px solid var(--line);border-radius:.5rem;padding:.25rem .75rem}
        .counts b{font-size:1.25rem;margin-right:.35rem}
        details{border:1px solid var(--line);border-left-width:.35rem;border-radius:.35rem;margin:.5rem 0;padding:.5rem .75rem}
        summary{cursor:pointer}
        .badge{font-size:.75rem;font-weight:700;text-transform:uppercase;letter-spacing:.03em;margin-right:.5rem}
        .critical{border-left-color:var(--critical)}.critical .badge,.counts .critical b{color:var(--critical)}
        .high{border-left-color:var(--high)}.high .badge,.counts .high b{color:var(--high)}
        .medium{border-left-color:var(--medium)}.medium .badge,.counts .medium b{color:var(--medium)}
        .low,.info{border-left-color:var(--low)}.low .badge,.info .badge,.counts .low b{color:var(--low)}
        .unknown{border-left-color:var(--unknown)}.unknown .badge,.counts .unknown b{color:var(--unknown)}
        .holds{border-left-color:var(--holds)}.holds .badge,.counts .holds b{color:var(--holds)}
        .urgent{padding-left:1.5rem}.urgent li{margin:.35rem 0}a{color:inherit}
        .accepted,.not_applicable{opacity:.8}
        dl{margin:.5rem 0}dt{font-weight:600;margin-top:.5rem}dd{margin:0}
        code,.id{font:.85rem ui-monospace,monospace}.id,.soft{color:var(--soft)}
        @media print{details{break-inside:avoid}}
        """;

    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'";

    private const string Footer =
        "A check holds as far as it looked. Anything that could not be determined is shown as unknown, never as good. "
        + "No audit can prove that a hardware key is secret.";

    /// <summary>UTF-8, a whole page.</summary>
    public static byte[] Write(AuditResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var page = new StringBuilder();
        WriteHead(page, result);
        page.Append("<main>\n");
        WriteNotes(page, result);
        var anchors = Anchors(result.Findings);
        WriteUrgent(page, result, anchors);
        foreach (var group in Checks.Groups)
            WriteGroup(page, group.Title(), result.Findings.Where(finding => finding.Check.Group == group), anchors);
        page.Append($"</main>\n<footer class=\"soft\">\n<p>{Footer}</p>\n</footer>\n</body>\n</html>\n");
        return Encoding.UTF8.GetBytes(page.ToString());
    }

    private static void WriteHead(StringBuilder page, AuditResult result)
    {
        var machine = Escape(Machine(result));
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append($"<meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Append($"<title>Sealdisk audit: {machine}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n<header>\n")
            .Append($"<h1>Is this device really protected?</h1>\n<p class=\"answer\">{Escape(result.Answer)}</p>\n");
        WriteCounts(page, result);
        page.Append($"<p class=\"soft\">{machine}, {AuditJson.Day(result.Day)}, sealdisk {ProductVersion.Text}</p>\n</header>\n");
    }

    private static void WriteCounts(StringBuilder page, AuditResult result)
    {
        page.Append("<ul class=\"counts\">\n");
        for (var severity = Severity.Critical; severity >= Severity.Low; severity--)
            WriteCount(page, severity.Word(), severity.Word(), result.CountOpen(severity));
        WriteCount(page, "unknown", "unknown", result.Count(FindingStatus.Unknown));
        WriteCount(page, "holds", "hold", result.Count(FindingStatus.Holds));
        if (result.Accepted > 0)
            WriteCount(page, "accepted", "accepted", result.Accepted);
        page.Append("</ul>\n");
    }

    private static void WriteCount(StringBuilder page, string kind, string label, int count) =>
        page.Append(CultureInfo.InvariantCulture, $"<li class=\"{kind}\"><b>{count}</b>{label}</li>\n");

    private static void WriteNotes(StringBuilder page, AuditResult result)
    {
        if (result.Notes.Count == 0)
            return;
        page.Append("<ul>\n");
        foreach (var note in result.Notes)
            page.Append("<li>").Append(Escape(note)).Append("</li>\n");
        page.Append("</ul>\n");
    }

    /// <summary>What to do, worst first, as links to the findings below.</summary>
    private static void WriteUrgent(StringBuilder page, AuditResult result, Dictionary<Finding, string> anchors)
    {
        if (!result.Urgent.Any())
            return;
        page.Append("<section>\n<h2>What to do first</h2>\n<ol class=\"urgent\">\n");
        foreach (var finding in result.Urgent)
        {
            var (severity, anchor) = (finding.Severity.Word(), Escape(anchors[finding]));
            page.Append($"<li class=\"{severity}\"><span class=\"badge\">{severity}</span>{Escape(finding.Check.Remedy)} ")
                .Append($"<a href=\"#{anchor}\">{anchor}</a></li>\n");
        }
        page.Append("</ol>\n</section>\n");
    }

    /// <summary>An id for each finding, which a link within the page can name.</summary>
    private static Dictionary<Finding, string> Anchors(IReadOnlyList<Finding> findings)
    {
        var anchors = new Dictionary<Finding, string>(ReferenceEqualityComparer.Instance);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var finding in findings)
        {
            var name = finding.Check.Id + (finding.Subject is { } subject ? "-" + subject : "");
            var anchor = name;
            for (var number = 2; !taken.Add(anchor); number++)
                anchor = string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
            anchors.Add(finding, anchor);
        }
        return anchors;
    }

    private static void WriteGroup(StringBuilder page, string title, IEnumerable<Finding> findings, Dictionary<Finding, string> anchors)
    {
        page.Append("<section>\n<h2>").Append(Escape(title)).Append("</h2>\n");
        // What needs attention comes first.
        foreach (var finding in findings.OrderBy(Urgency).ThenByDescending(finding => finding.Severity))
            WriteFinding(page, finding, anchors[finding]);
        page.Append("</section>\n");
    }

    private static void WriteFinding(StringBuilder page, Finding finding, string anchor)
    {
        var isFailing = finding.Status == FindingStatus.Fails;
        var kind = finding.Accepted is not null ? "accepted" : isFailing ? finding.Severity.Word() : finding.Status.Word();
        var badge = finding.Accepted is not null ? $"{finding.Severity.Word()}, accepted" : kind.Replace('_', ' ');
        var open = finding.IsOpen && finding.Severity >= Severity.High ? " open" : "";
        var subject = finding.Subject is { } volume ? $"<b>{Escape(volume)}</b>: " : "";
        page.Append($"<details class=\"{kind}\" id=\"{Escape(anchor)}\"{open}>\n<summary><span class=\"badge\">{badge}</span>{subject}")
            .Append($"{Escape(Sentence(finding))} <span class=\"id\">{Escape(finding.Check.Id)}</span></summary>\n<dl>\n");
        Term(page, "Required", Escape(finding.Check.Title) + ".");
        if (finding.Status is FindingStatus.Fails or FindingStatus.Unknown)
        {
            Term(page, "Why it matters", Escape(finding.Check.Attack));
            Term(page, "What to do", Escape(finding.Check.Remedy));
        }
        if (finding.Accepted is { } accepted)
            Term(page, "Accepted", $"{Escape(accepted.Reason)}, until {AuditJson.Day(accepted.Until)}");
        if (finding.Evidence.Count > 0)
            Term(page, "Evidence", string.Join("<br>", finding.Evidence.Select(Line)));
        page.Append("</dl>\n</details>\n");
    }

    private static FindingStatus Urgency(Finding finding) => finding.Accepted is not null ? FindingStatus.Holds : finding.Status;

    private static string Line(Evidence evidence) => $"<code>{Escape(evidence.Path)}</code>: <code>{Escape(evidence.What)}</code>";

    /// <summary>What was found. If nothing is wrong, the requirement comes before it, to make sense of it.</summary>
    private static string Sentence(Finding finding) =>
        finding.Status is FindingStatus.Holds or FindingStatus.NotApplicable ? $"{finding.Check.Title}: {finding.Text}" : finding.Text;

    private static void Term(StringBuilder page, string term, string description) =>
        page.Append("<dt>").Append(term).Append("</dt><dd>").Append(description).Append("</dd>\n");

    private static string Machine(AuditResult result) => result.Platform.Machine ?? "an unknown machine";

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            _ = letter switch
            {
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '&' => escaped.Append("&amp;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                _ when char.IsControl(letter) => escaped.Append('\uFFFD'),
                _ => escaped.Append(letter),
            };
        }
        return escaped.ToString();
    }
}
