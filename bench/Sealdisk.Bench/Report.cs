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
        var samples = File.ReadLines(results)
            .Select(line => line.Split('\t'))
            .Where(field => field.Length == 5)
            .Select(field => new Sample(field[0], field[1], field[2], field[3], double.Parse(field[4], CultureInfo.InvariantCulture)))
            .ToList();
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
                var isCompared = subject != Ours && Values(row, Ours).Length > 0;
                table.Append(values.Length == 0 ? " –" : $" {Figure(Median(values))}");
                table.Append(values.Length > 0 && isCompared ? $" ({Ratio(row, subject):F2}x) |" : " |");
            }
            table.AppendLine();
        }
        table.AppendLine();
    }

    private static string Plot(List<Sample> samples)
    {
        const int rowHeight = 18, left = 440, width = 520, unit = 60; // pixels; a factor of two is one unit wide
        const int middle = left + width / 2;
        var rows = samples.GroupBy(sample => (sample.Section, sample.Row))
            .Where(row => row.Key.Section is "ciphers" or "image" or "volume")
            .SelectMany(Ratios).ToList();
        var height = rows.Count * rowHeight + 60;
        var svg = new Svg(left + width + 50, height, "Speed of Sealdisk as a multiple of others, logarithmic");
        for (var power = -4; power <= 4; power++)
        {
            var x = middle + power * unit;
            svg.GridLine(x, 24, x, height - 10, isEqual: power == 0);
            svg.Text(x, 18, "text-anchor='middle' fill='#555555'", Svg.Factor(power));
        }
        for (var index = 0; index < rows.Count; index++)
        {
            var (section, row, subject, ratio) = rows[index];
            var y = 32 + index * rowHeight;
            var length = Math.Clamp(Math.Log2(ratio), -4.2, 4.2) * unit;
            var fill = section switch { "ciphers" => "#4c78a8", "image" => "#f58518", _ => "#54a24b" };
            var value = ratio.ToString("F2", CultureInfo.InvariantCulture);
            svg.Text(left - 6, y + 11, "text-anchor='end' fill='#222222'", $"{row} / {subject}");
            svg.Bar(middle + Math.Min(0, length), y + 1, Math.Max(1, Math.Abs(length)), rowHeight - 5, fill, $"{value}x");
            svg.Text(left + width + 44, y + 11, "text-anchor='end' fill='#222222'", value);
        }
        return svg.ToString();
    }

    /// <summary>How many times as fast Sealdisk is as each of the others in a row.</summary>
    private static IEnumerable<(string Section, string Row, string Subject, double Ratio)> Ratios(
        IGrouping<(string Section, string Row), Sample> row)
    {
        foreach (var subject in row.Select(sample => sample.Subject).Distinct())
        {
            if (subject == Ours || Values(row, Ours).Length == 0)
                continue;
            var ratio = Ratio(row, subject);
            yield return (row.Key.Section, row.Key.Row, subject, IsTime(row) ? 1 / ratio : ratio);
        }
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

    private static double[] Values(IEnumerable<Sample> row, string subject) =>
        [.. row.Where(sample => sample.Subject == subject).Select(sample => sample.Value)];

    private static bool IsTime(IEnumerable<Sample> row) => row.First().Unit == "ms";

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length % 2 == 1 ? values[values.Length / 2] : (values[values.Length / 2 - 1] + values[values.Length / 2]) / 2;
    }

    internal static string Figure(double value) => value.ToString(value < 10 ? "0.##" : "#,0", CultureInfo.InvariantCulture);
}
