using System.Globalization;
using System.Net;
using System.Text;

namespace Gateway.Load.Reports;

/// <summary>A report as one page that needs nothing else. Stateless.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root {
          color-scheme: light dark;
          --text: #1c1e21; --back: #fff; --quiet: #6b7280; --grid: #e5e7eb; --c0: #2563eb; --c1: #d97706; --c2: #dc2626;
        }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e5e7eb; --back: #14161a; --quiet: #9ca3af; --grid: #2d3138; --c0: #60a5fa; --c1: #fbbf24; --c2: #f87171; }
        }
        body {
          font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
          max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
        }
        table { border-collapse: collapse; margin: 1rem 0; }
        td, th { padding: .25rem .8rem .25rem 0; text-align: right; font-variant-numeric: tabular-nums; }
        td:first-child, th:first-child { text-align: left; }
        th { color: var(--quiet); font-weight: 500; }
        tr { border-bottom: 1px solid var(--grid); }
        .failed { color: var(--c2); }
        svg { width: 100%; height: auto; margin: .5rem 0; }
        svg text { fill: var(--quiet); font-size: 11px; }
        svg .title { fill: var(--text); font-size: 13px; }
        svg .x { text-anchor: middle; }
        svg .y, svg .legend { text-anchor: end; }
        svg .grid { stroke: var(--grid); }
        polyline { fill: none; stroke-width: 1.8; }
        polyline.line0 { stroke: var(--c0); } polyline.line1 { stroke: var(--c1); } polyline.line2 { stroke: var(--c2); }
        svg text.line0 { fill: var(--c0); } svg text.line1 { fill: var(--c1); } svg text.line2 { fill: var(--c2); }
        """;

    public static string Write(Report report)
    {
        string title = $"Load: {report.Scenario}";
        var page = new StringBuilder("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">");
        page.Append("<meta name=\"viewport\" content=\"width=device-width\">");
        page.Append(CultureInfo.InvariantCulture, $"<title>{title}</title><style>{Style}</style><h1>{title}</h1>");
        page.Append(
            CultureInfo.InvariantCulture, $"<p>{report.StartedAt:u}, {report.Seconds:0.#} s, {report.Connections:N0} connections</p>");
        AppendOutcome(page, report);
        page.Append("<table><tr><th>ms</th><th>count</th><th>mean</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th></tr>");
        foreach (var series in report.Series)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{series.Name}</td><td>{series.Count:N0}</td><td>{series.Mean:N2}</td>");
            page.Append(CultureInfo.InvariantCulture, $"<td>{series.P50:N2}</td><td>{series.P90:N2}</td><td>{series.P99:N2}</td>");
            page.Append(CultureInfo.InvariantCulture, $"<td>{series.P999:N2}</td><td>{series.Max:N2}</td></tr>");
        }
        page.Append("</table><table>");
        foreach (var (name, value) in Facts(report))
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{WebUtility.HtmlEncode(name)}</td><td>{value}</td></tr>");
        page.Append("</table>");
        foreach (var series in report.Series)
            page.Append(Percentiles(series).Svg());
        AppendTimeline(page, report);
        return page.Append("</html>\n").ToString();
    }

    /// <summary>All that is not a time, for people.</summary>
    public static IEnumerable<(string Name, string Value)> Facts(Report report)
    {
        yield return ("messages", report.Messages.ToString("N0", CultureInfo.InvariantCulture));
        yield return ("messages/s", report.MessagesPerSecond.ToString("N0", CultureInfo.InvariantCulture));
        foreach (var (name, value) in report.Facts)
            yield return (name, value.ToString("#,0.##", CultureInfo.InvariantCulture));
        int quarter = report.Timeline.Count / 4;
        if (quarter >= 5)
        {
            yield return ("p99 of the first and the last quarter, ms", Trend(report.Timeline, quarter, second => second.P99));
            if (report.Timeline.All(second => second.ServerBytes is not null))
                yield return (
                    "server memory likewise, MiB", Trend(report.Timeline, quarter, second => second.ServerBytes!.Value / 1048576.0));
        }
        if (report.Server is not { } server)
            yield break;
        yield return ("server CPU, s", server.CpuSeconds.ToString("N2", CultureInfo.InvariantCulture));
        yield return ("server CPU per message, µs", server.CpuMicrosecondsPerMessage.ToString("N2", CultureInfo.InvariantCulture));
        yield return ("server memory, MiB", (server.ResidentBytes / 1048576.0).ToString("N1", CultureInfo.InvariantCulture));
        yield return ("server memory per connection, B", server.BytesPerConnection.ToString("N0", CultureInfo.InvariantCulture));
    }

    // The median of each, which single seconds do not move.
    private static string Trend(IReadOnlyList<Second> timeline, int quarter, Func<Second, double> value)
    {
        double first = timeline.Take(quarter).Select(value).Order().ElementAt(quarter / 2);
        double last = timeline.TakeLast(quarter).Select(value).Order().ElementAt(quarter / 2);
        return string.Create(CultureInfo.InvariantCulture, $"{first:N2}, {last:N2}");
    }

    private static void AppendOutcome(StringBuilder page, Report report)
    {
        if (report.Problems.Count == 0)
        {
            page.Append("<p>Everything that had to arrive did, once and in order.</p>");
            return;
        }
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"failed\">Failed, {report.Problems.Count} problems:</p><ul>");
        foreach (string problem in report.Problems.First)
            page.Append("<li>").Append(WebUtility.HtmlEncode(problem)).Append("</li>");
        page.Append("</ul>");
    }

    // The axis is how many have to be looked at to find one above: 1, 10, 100 …
    private static Plot Percentiles(SeriesReport series)
    {
        double last = series.Curve.Where(point => point.Share < 1).Max(point => Position(point.Share));
        var plot = new Plot($"{series.Name} by percentile", "ms")
            .Line(series.Name, series.Curve.Select(point => (point.Share < 1 ? Position(point.Share) : last, point.Milliseconds)));
        (double Share, string Label)[] ticks =
        [
            (0.0, "0 %"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %"), (0.99999, "99.999 %"),
        ];
        foreach (var (share, label) in ticks)
            plot.Tick(Position(share), label);
        return plot;

        static double Position(double share) => -Math.Log10(1 - share);
    }

    private static void AppendTimeline(StringBuilder page, Report report)
    {
        var timeline = report.Timeline.Where(second => second.Count > 0).ToList();
        if (timeline.Count < 2)
            return;
        page.Append(Timed(new Plot($"{report.Measures} over time", "ms"), timeline)
            .Line("p50", timeline.Select(second => (second.At, second.P50)))
            .Line("p99", timeline.Select(second => (second.At, second.P99)))
            .Line("max", timeline.Select(second => (second.At, second.Max))).Svg());
        page.Append(Timed(new Plot("messages a second", ""), timeline)
            .Line("messages", timeline.Select(second => (second.At, second.PerSecond))).Svg());
        if (timeline.TrueForAll(second => second.ServerBytes is not null))
        {
            page.Append(Timed(new Plot("server memory", "MiB"), timeline)
                .Line("resident", timeline.Select(second => (second.At, second.ServerBytes!.Value / 1048576.0))).Svg());
        }
    }

    private static Plot Timed(Plot plot, List<Second> timeline)
    {
        double end = timeline[^1].At;
        for (int i = 1; i <= 6; i++)
            plot.Tick(end * i / 6, string.Create(CultureInfo.InvariantCulture, $"{end * i / 6:0.#} s"));
        return plot;
    }
}
