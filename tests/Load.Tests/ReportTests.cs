using System.Text.Json;
using System.Xml.Linq;
using Gateway.Load.Dialects;
using Gateway.Load.Reports;

namespace Gateway.Load.Tests;

public sealed class ReportTests
{
    [Fact]
    public async Task The_files_say_what_was_measured()
    {
        await using var server = new LyingServer(Lie.None);
        var folder = Directory.CreateTempSubdirectory("load-");
        try
        {
            var report = await Runs.RunAsync(
                "fanout", server.Url, options => options with { Dialect = JsonDialect.Plain, Duration = TimeSpan.FromSeconds(2.5) });
            var page = ReportFiles.Write(report, folder);
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(page.FullName, ".json")));
            string html = await File.ReadAllTextAsync(page.FullName);

            Assert.Equal(1, json.RootElement.GetProperty("version").GetInt32());
            Assert.Equal(report.Messages, json.RootElement.GetProperty("messages").GetInt64());
            var delivery = json.RootElement.GetProperty("series")
                .EnumerateArray()
                .Single(series => series.GetProperty("name").GetString() == "delivery");
            Assert.Equal(report.Messages, delivery.GetProperty("count").GetInt64());
            Assert.True(delivery.GetProperty("p99").GetDouble() >= delivery.GetProperty("p50").GetDouble());
            Assert.True(json.RootElement.GetProperty("timeline").GetArrayLength() >= 2);
            Assert.Equal(0, json.RootElement.GetProperty("problems").GetProperty("count").GetInt32());
            Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
            var plots = html.Split("<svg ")
                .Skip(1)
                .Select(plot => XElement.Parse("<svg " + plot[..(plot.IndexOf("</svg>", StringComparison.Ordinal) + 6)]))
                .ToList();
            Assert.Equal(
                ["connect by percentile", "delivery by percentile", "delivery over time", "messages a second"],
                plots.Select(plot => plot.Attribute("aria-label")!.Value).Order());
            Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_server_s_processor_time_and_memory_are_known_where_it_runs_here()
    {
        var gauge = new Measuring.ProcessGauge(Environment.ProcessId);

        var usage = await gauge.ReadAsync(default);

        Assert.True(usage!.Value.CpuSeconds > 0);
        Assert.InRange(usage.Value.ResidentBytes, 1 << 20, 1L << 40);
    }
}
