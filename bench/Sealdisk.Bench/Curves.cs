using System.Globalization;
using System.Text;

namespace Sealdisk.Bench;

/// <summary>
/// What becomes of a figure as work grows: rows "axis, series: step" as a table for each axis, steps across, and as curves.
/// </summary>
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
                curve.Key.Name[..curve.Key.Name.IndexOf(',', StringComparison.Ordinal)],
                curve.Key.Name[(curve.Key.Name.IndexOf(',', StringComparison.Ordinal) + 2)..],
                curve.Key.Unit,
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
                var values = steps.Select(step => curve.Points.FirstOrDefault(point => point.Step == step))
                    .Select(point => point.Step is null ? "–" : Report.Figure(point.Value));
                table.AppendLine(CultureInfo.InvariantCulture, $"| {curve.Series} | {curve.Unit} | {string.Join(" | ", values)} |");
            }
            table.AppendLine();
        }
    }

    /// <summary>
    /// A panel for each axis; each curve as a multiple of its own first point, a factor of two being one line of the grid.
    /// </summary>
    public static string Plot(List<Curves> curves)
    {
        const int panel = 420, wide = 280, top = 40, unit = 24, halves = 6; // pixels; factors from 1/64 to 64
        const int middle = top + halves * unit, bottom = top + 2 * halves * unit;
        var axes = curves.GroupBy(curve => curve.Axis).ToArray();
        var height = bottom + 40 + 16 * (axes.Length == 0 ? 0 : axes.Max(axis => axis.Count()));
        const string title = "Sealdisk's figures as work grows, as multiples of the first, logarithmic";
        var svg = new Svg(panel * axes.Length, height, title);
        for (var number = 0; number < axes.Length; number++)
        {
            var left = number * panel + 50;
            var all = axes[number].ToArray();
            var steps = all[0].Points.Select(point => point.Step).ToArray();
            svg.Text(left, 18, "font-weight='bold' fill='#222222'", axes[number].Key);
            for (var power = -halves; power <= halves; power += 2)
            {
                var y = middle - power * unit;
                svg.GridLine(left, y, left + wide, y, isEqual: power == 0);
                svg.Text(left - 6, y + 4, "text-anchor='end' fill='#555555'", Svg.Factor(power));
            }
            for (var step = 0; step < steps.Length; step++)
                svg.Text(X(left, step, steps.Length), bottom + 16, "text-anchor='middle' fill='#555555'", steps[step]);
            for (var index = 0; index < all.Length; index++)
            {
                var curve = all[index];
                var colour = Colours[index % Colours.Length];
                var (count, first) = (curve.Points.Count, curve.Points[0].Value);
                svg.Polyline(curve.Points.Select((point, step) => Place(X(left, step, count), point.Value / first)), colour);
                svg.Text(left, bottom + 40 + 16 * index, $"fill='{colour}'", $"{curve.Series} ({curve.Unit})");
            }
        }
        return svg.ToString();

        static string Place(double x, double factor) =>
            string.Create(CultureInfo.InvariantCulture, $"{x:F1},{middle - Math.Clamp(Math.Log2(factor), -halves, halves) * unit:F1}");

        static double X(int left, int step, int count) => left + 10 + (wide - 20.0) * step / Math.Max(1, count - 1);
    }
}
