using System.Globalization;
using System.Text;

namespace Sealdisk.Bench;

/// <summary>A drawing on white; lengths in pixels.</summary>
internal sealed class Svg
{
    private readonly StringBuilder _text = new();

    public Svg(int width, int height, string title)
    {
        Add($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" """);
        Add($"""     font-family="sans-serif" font-size="11" role="img">""");
        Add($"<title>{title}</title>");
        Add($"""<rect width="100%" height="{height}" fill="#ffffff"/>""");
    }

    /// <summary>A line of the grid; the one that stands for "equal" is dark.</summary>
    public void GridLine(int x1, int y1, int x2, int y2, bool isEqual) =>
        Add($"""<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{(isEqual ? "#333333" : "#dddddd")}"/>""");

    /// <param name="attributes">Anchor, weight and colour.</param>
    public void Text(double x, int y, string attributes, string words) => Add($"""<text x="{x:0}" y="{y}" {attributes}>{words}</text>""");

    /// <summary>A bar that shows its value when the pointer rests on it.</summary>
    public void Bar(double x, int y, double width, int height, string fill, string value) =>
        Add($"""<rect x="{x:F1}" y="{y}" width="{width:F1}" height="{height}" fill="{fill}"><title>{value}</title></rect>""");

    public void Polyline(IEnumerable<string> points, string stroke) =>
        Add($"""<polyline points="{string.Join(' ', points)}" fill="none" stroke="{stroke}" stroke-width="2"/>""");

    /// <summary>The words at a line of the grid: 4x, 1/4x.</summary>
    public static string Factor(int power) => power < 0 ? $"1/{1 << -power}x" : $"{1 << power}x";

    public override string ToString() => _text + "</svg>" + Environment.NewLine;

    private void Add(FormattableString line) => _text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
