using System.Globalization;
using System.Text;

namespace Sealdisk.Bench;

/// <summary>What becomes of a figure as work grows: rows "axis, series: step" as a table for each axis, steps across, and as curves.</summary>
internal sealed record Curves(string Axis, string Series, string Unit, IReadOnlyList<(string Step, double Value)> Points)
{
    /// <summary>The section whose rows are such.</summary>
    public const string Section = "growth";

    private static readonly string[] Colours = ["#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756"];

    public static List<Curves> Of(IEnumerable<Sample> samples) =>
    [
        .. samples.Where(sample => sample.Section == Section)
            .GroupBy(sample => (Name: sample.Row[..sample.Row.LastIndexOf(':')], sample.Unit))
            .Select(curve => new Curves(
                curve.Key.Name[..curve.Key.Name.IndexOf(',', StringComparison.Ordinal)], curve.Key.Name[(curve.Key.Name.IndexOf(',', StringComparison.Ordinal) + 2)..], curve.Key.Unit,
                [.. curve.Select(sample => (sample.Row[(sample.Row.LastIndexOf(':') + 2)..], sample.Value))])),
    ];

    public static void AppendTables(StringBuilder table, string title, List<Curves> curves)
    {
        table.AppendLine(CultureInfo.InvariantCulture, $"### {title}").AppendLine();
        foreach (var axis in curves.GroupBy(curve => curve.Axis))
        {
            var steps = axis.MaxBy(curve => curve.Points.Count)!.Points.Select(point => point.Step).ToArray();
            table.AppendLine(CultureInfo.InvariantCulture, $"| {axis.Key} | unit | {string.Join(" | ", steps)} |");
            table.AppendLine(CultureInfo.InvariantCulture, $"|---|---|{string.Concat(steps.Select(_ => "---:|"))}");
            foreach (var curve in axis)
            {
                var values = steps.Select(step => curve.Points.FirstOrDefault(point => point.Step == step) is { Step: not null } point ? Report.Figure(point.Value) : "–");
                table.AppendLine(CultureInfo.InvariantCulture, $"| {curve.Series} | {curve.Unit} | {string.Join(" | ", values)} |");
            }
            table.AppendLine();
        }
    }

    /// <summary>A panel for each axis; each curve as a multiple of its own first point, a factor of two being one line of the grid.</summary>
    public static string Plot(List<Curves> curves)
    {
        const int panel = 420, wide = 280, top = 40, unit = 24, halves = 6; // pixels; factors from 1/64 to 64
        const int middle = top + halves * unit, bottom = top + 2 * halves * unit;
        var axes = curves.GroupBy(curve => curve.Axis).ToArray();
        var height = bottom + 40 + 16 * (axes.Length == 0 ? 0 : axes.Max(axis => axis.Count()));
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {panel * axes.Length} {height}" font-family="sans-serif" font-size="11" role="img">""");
        svg.AppendLine("<title>What becomes of Sealdisk's figures as work grows, as multiples of the first, logarithmic</title>");
        svg.AppendLine("""<rect width="100%" height="100%" fill="#ffffff"/>""");
        for (var number = 0; number < axes.Length; number++)
        {
            var left = number * panel + 50;
            var all = axes[number].ToArray();
            var steps = all[0].Points.Select(point => point.Step).ToArray();
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{left}" y="18" font-weight="bold" fill="#222222">{axes[number].Key}</text>""");
            for (var power = -halves; power <= halves; power += 2)
            {
                var y = middle - power * unit;
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<line x1="{left}" y1="{y}" x2="{left + wide}" y2="{y}" stroke="{(power == 0 ? "#333333" : "#dddddd")}"/>""");
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{left - 6}" y="{y + 4}" text-anchor="end" fill="#555555">{(power < 0 ? $"1/{1 << -power}" : $"{1 << power}")}x</text>""");
            }
            for (var step = 0; step < steps.Length; step++)
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{X(left, step, steps.Length):F0}" y="{bottom + 16}" text-anchor="middle" fill="#555555">{steps[step]}</text>""");
            for (var index = 0; index < all.Length; index++)
            {
                var points = all[index].Points.Select((point, step) => $"{X(left, step, all[index].Points.Count):F1},{middle - Math.Clamp(Math.Log2(point.Value / all[index].Points[0].Value), -halves, halves) * unit:F1}");
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<polyline points="{string.Join(' ', points)}" fill="none" stroke="{Colours[index % Colours.Length]}" stroke-width="2"/>""");
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{left}" y="{bottom + 40 + 16 * index}" fill="{Colours[index % Colours.Length]}">{all[index].Series} ({all[index].Unit})</text>""");
            }
        }
        return svg.AppendLine("</svg>").ToString();

        static double X(int left, int step, int count) => left + 10 + (wide - 20.0) * step / Math.Max(1, count - 1);
    }
}
