using System.Globalization;
using System.Text;

namespace Sealdisk.Bench;

/// <summary>From samples to a table of medians and ratios, and a plot of the ratios.</summary>
internal static class Report
{
    private const string Begin = "<!-- measured: begin -->", End = "<!-- measured: end -->";
    private const string Ours = "sealdisk";

    private static readonly Dictionary<string, string> Titles = new(StringComparer.Ordinal)
    {
        ["ciphers"] = "Sector ciphers, one core",
        ["image"] = "`image encrypt` and `image decrypt`, 2 GiB",
        ["volume"] = "The mounted volume (user-space data path), ext4 on top",
        ["up"] = "`up` of a ready volume, on the virtual board (arm64 in software, OP-TEE, dm-crypt)",
        ["growth"] = "As work grows",
        ["program"] = "The program",
        ["audit"] = "`blob audit`",
    };

    /// <param name="results">Tab-separated samples: section, row, subject, unit, value.</param>
    /// <param name="machine">A text about the machine.</param>
    /// <param name="text">Its part between the two marks is replaced.</param>
    /// <param name="plot">Written.</param>
    public static void Write(string results, string machine, string text, string plot)
    {
        var samples = File.ReadLines(results).Select(line => line.Split('\t')).Where(field => field.Length == 5)
            .Select(field => new Sample(field[0], field[1], field[2], field[3], double.Parse(field[4], CultureInfo.InvariantCulture))).ToList();
        var table = new StringBuilder().AppendLine(Begin).AppendLine(File.ReadAllText(machine).Trim()).AppendLine();
        var curves = Curves.Of(samples);
        foreach (var section in samples.GroupBy(sample => sample.Section))
        {
            if (section.Key == Curves.Section)
                Curves.AppendTables(table, Titles[section.Key], curves);
            else
                AppendTable(table, section.Key, [.. section]);
        }
        table.Append(End);
        var old = File.ReadAllText(text);
        var begin = old.IndexOf(Begin, StringComparison.Ordinal);
        var end = old.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new FormatException($"{text} has no part between '{Begin}' and '{End}'");
        File.WriteAllText(text, old[..begin] + table + old[(end + End.Length)..]);
        File.WriteAllText(plot, Plot(samples));
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(plot)!, "performance-growth.svg"), Curves.Plot(curves));
    }

    private static void AppendTable(StringBuilder table, string section, List<Sample> samples)
    {
        string[] subjects = [Ours, .. samples.Select(sample => sample.Subject).Distinct().Where(subject => subject != Ours)];
        table.AppendLine(CultureInfo.InvariantCulture, $"### {Titles.GetValueOrDefault(section, section)}").AppendLine();
        table.AppendLine(CultureInfo.InvariantCulture, $"| | unit | {string.Join(" | ", subjects)} |");
        table.AppendLine(CultureInfo.InvariantCulture, $"|---|---|{string.Concat(subjects.Select(_ => "---:|"))}");
        foreach (var row in samples.GroupBy(sample => (sample.Row, sample.Unit)))
        {
            table.Append(CultureInfo.InvariantCulture, $"| {row.Key.Row} | {row.Key.Unit} |");
            foreach (var subject in subjects)
            {
                var values = Values(row, subject);
                table.Append(values.Length == 0 ? " – |" : subject == Ours || Values(row, Ours).Length == 0 ? $" {Figure(Median(values))} |" : $" {Figure(Median(values))} ({Ratio(row, subject):F2}x) |");
            }
            table.AppendLine();
        }
        table.AppendLine();
    }

    private static string Plot(List<Sample> samples)
    {
        const int rowHeight = 18, left = 440, width = 520, unit = 60; // pixels; a factor of two is one unit wide
        const int middle = left + width / 2;
        var rows = samples.GroupBy(sample => (sample.Section, sample.Row)).SelectMany(row => row.Select(sample => sample.Subject).Distinct()
            .Where(subject => subject != Ours && Values(row, Ours).Length > 0)
            .Select(subject => (row.Key.Section, row.Key.Row, Subject: subject, Ratio: IsTime(row) ? 1 / Ratio(row, subject) : Ratio(row, subject)))).Where(row => row.Section is "ciphers" or "image" or "volume").ToList();
        var height = rows.Count * rowHeight + 60;
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 50} {height}" font-family="sans-serif" font-size="11" role="img">""");
        svg.AppendLine("<title>Speed of Sealdisk as a multiple of others, logarithmic</title>");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect width="100%" height="{height}" fill="#ffffff"/>""");
        for (var power = -4; power <= 4; power++)
        {
            var x = middle + power * unit;
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line x1="{x}" y1="24" x2="{x}" y2="{height - 10}" stroke="{(power == 0 ? "#333333" : "#dddddd")}"/>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{x}" y="18" text-anchor="middle" fill="#555555">{(power < 0 ? $"1/{1 << -power}" : $"{1 << power}")}x</text>""");
        }
        for (var index = 0; index < rows.Count; index++)
        {
            var row = rows[index];
            var y = 32 + index * rowHeight;
            var length = Math.Clamp(Math.Log2(row.Ratio), -4.2, 4.2) * unit;
            var fill = row.Section switch { "ciphers" => "#4c78a8", "image" => "#f58518", _ => "#54a24b" };
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{left - 6}" y="{y + 11}" text-anchor="end" fill="#222222">{row.Row} / {row.Subject}</text>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{middle + Math.Min(0, length):F1}" y="{y + 1}" width="{Math.Max(1, Math.Abs(length)):F1}" height="{rowHeight - 5}" fill="{fill}"><title>{row.Ratio:F2}x</title></rect>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{left + width + 44}" y="{y + 11}" text-anchor="end" fill="#222222">{row.Ratio:F2}</text>""");
        }
        return svg.AppendLine("</svg>").ToString();
    }

    /// <summary>The median of the ratios, round by round; where there are fewer rounds of one, of the medians.</summary>
    private static double Ratio(IEnumerable<Sample> row, string subject)
    {
        var ours = Values(row, Ours);
        var theirs = Values(row, subject);
        return ours.Length == 0 ? double.NaN
            : ours.Length == theirs.Length ? Median([.. ours.Zip(theirs, (our, their) => our / their)])
            : Median(ours) / Median(theirs);
    }

    private static double[] Values(IEnumerable<Sample> row, string subject) => [.. row.Where(sample => sample.Subject == subject).Select(sample => sample.Value)];

    private static bool IsTime(IEnumerable<Sample> row) => row.First().Unit == "ms";

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length % 2 == 1 ? values[values.Length / 2] : (values[values.Length / 2 - 1] + values[values.Length / 2]) / 2;
    }

    internal static string Figure(double value) => value.ToString(value < 10 ? "0.##" : "#,0", CultureInfo.InvariantCulture);

}
