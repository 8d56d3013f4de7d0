using System.Globalization;
using System.Text;

namespace Gateway.Load.Reports;

/// <summary>A line plot as inline SVG; its colours come from the page. Used by one thread, once.</summary>
/// <param name="title">Above it.</param>
/// <param name="unit">Of the vertical axis, which begins at 0.</param>
internal sealed class Plot(string title, string unit)
{
    private const int Width = 720;
    private const int Height = 260;
    private const int Left = 64;
    private const int Right = 12;
    private const int Top = 28;
    private const int Bottom = 30;

    private readonly List<(string Name, List<(double X, double Y)> Points)> _lines = [];
    private readonly List<(double X, string Label)> _ticks = [];

    public Plot Line(string name, IEnumerable<(double X, double Y)> points)
    {
        _lines.Add((name, [.. points]));
        return this;
    }

    /// <summary>A label of the horizontal axis.</summary>
    public Plot Tick(double x, string label)
    {
        _ticks.Add((x, label));
        return this;
    }

    public string Svg()
    {
        var all = _lines.SelectMany(line => line.Points).ToList();
        double left = all.Select(point => point.X).DefaultIfEmpty(0).Min();
        double right = Math.Max(all.Select(point => point.X).DefaultIfEmpty(1).Max(), left + 1e-9);
        double step = Step(all.Select(point => point.Y).DefaultIfEmpty(0).Max());
        double top = step * 4;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{title}\">");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"title\" x=\"{Left}\" y=\"16\">{title}</text>");
        for (int i = 0; i <= 4; i++)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(i * step):0.#}\" y2=\"{Y(i * step):0.#}\"/>");
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<text class=\"y\" x=\"{Left - 6}\" y=\"{Y(i * step) + 4:0.#}\">{i * step:#,0.###}{(i == 4 ? " " + unit : "")}</text>");
        }
        foreach (var (x, label) in _ticks.Where(tick => tick.X >= left && tick.X <= right))
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"x\" x=\"{X(x):0.#}\" y=\"{Height - 10}\">{label}</text>");
        for (int i = 0; i < _lines.Count; i++)
        {
            string points = string.Join(
                ' ', _lines[i].Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.X):0.#},{Y(point.Y):0.#}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"line{i}\" points=\"{points}\"/>");
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<text class=\"legend line{i}\" x=\"{Width - Right - (90 * (_lines.Count - 1 - i))}\" y=\"16\">{_lines[i].Name}</text>");
        }
        return svg.Append("</svg>").ToString();

        double X(double x) => Left + ((x - left) / (right - left) * (Width - Left - Right));
        double Y(double y) => Height - Bottom - (y / top * (Height - Top - Bottom));
    }

    // A quarter of the axis: a round number.
    private static double Step(double highest)
    {
        double quarter = Math.Max(highest, 1e-3) / 4;
        double power = Math.Pow(10, Math.Floor(Math.Log10(quarter)));
        double[] steps = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
        return power * steps.First(step => step * power >= quarter * 0.999999);
    }
}
