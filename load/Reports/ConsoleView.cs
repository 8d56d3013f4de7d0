using System.Globalization;
using Spectre.Console;

namespace Gateway.Load.Reports;

/// <summary>A run on the terminal: the last seconds while it goes on, the outcome at the end. Used by one thread at a time.</summary>
internal sealed class ConsoleView(IAnsiConsole console)
{
    private const int Shown = 10;

    /// <summary>Shows how it goes, where there is somebody to see it.</summary>
    public async Task<Report> WatchAsync(string title, bool isQuiet, Func<Action<Second>, Task<Report>> run)
    {
        if (isQuiet || !console.Profile.Capabilities.Interactive)
            return await run(_ => { });
        var table = Numbers(title, "s", "messages/s", "p50 ms", "p99 ms", "max ms");
        return await console.Live(table).AutoClear(true).StartAsync(async live =>
        {
            live.Refresh();
            return await run(second =>
            {
                if (table.Rows.Count == Shown)
                    table.RemoveRow(0);
                table.AddRow(
                    "",
                    Text(second.At, "0"),
                    Text(second.PerSecond, "N0"),
                    Text(second.P50, "N2"),
                    Text(second.P99, "N2"),
                    Text(second.Max, "N2"));
                live.Refresh();
            });
        });
    }

    public void Show(Report report, FileInfo? page)
    {
        var times = Numbers(
            $"{report.Scenario}, {report.Connections:N0} connections, {report.Seconds:0.#} s: ms",
            "count", "mean", "p50", "p90", "p99", "p99.9", "max");
        foreach (var series in report.Series)
        {
            times.AddRow(
                series.Name, Text(series.Count, "N0"), Text(series.Mean, "N2"),
                Text(series.P50, "N2"), Text(series.P90, "N2"), Text(series.P99, "N2"),
                Text(series.P999, "N2"), Text(series.Max, "N2"));
        }
        console.Write(times);
        var facts = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn(new TableColumn("").RightAligned());
        foreach (var (name, value) in HtmlReport.Facts(report))
            facts.AddRow(Markup.Escape(name), value);
        console.Write(facts);
        foreach (string problem in report.Problems.First)
            console.WriteLine(problem);
        if (page is not null)
            console.WriteLine($"report: {page.FullName}");
        console.WriteLine(
            report.Problems.Count == 0
                ? "ok: everything that had to arrive did, once and in order"
                : $"FAILED: {report.Problems.Count} problems");
    }

    private static Table Numbers(string first, params string[] headings)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn(Markup.Escape(first));
        foreach (string heading in headings)
            table.AddColumn(new TableColumn(heading).RightAligned());
        return table;
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
