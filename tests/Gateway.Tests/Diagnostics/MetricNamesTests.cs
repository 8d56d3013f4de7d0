using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.TestSupport;

namespace Gateway.Tests.Diagnostics;

/// <summary>Metric names: dashboards, alerts and documentation name only metrics that exist.</summary>
public sealed partial class MetricNamesTests
{
    [Fact]
    public async Task Documentation_has_every_metric_with_its_type_and_no_other()
    {
        var exported = (await ExportedAsync()).Families.Values.Select(family => (family.Name, family.Type!)).Order();
        string text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/metrics.md"));
        var documented = DocumentedRow().Matches(text).Select(row => (row.Groups[1].Value, row.Groups[2].Value)).Order();
        Assert.Equal(exported, documented);
    }

    [Theory]
    [InlineData("deploy/prometheus/alerts.yml")]
    [InlineData("deploy/grafana/gateway.json")]
    public async Task Deployed_files_use_only_names_that_are_exported(string file)
    {
        var families = (await ExportedAsync()).Families.Values;
        var samples = families.SelectMany(family => family.Type == "histogram"
            ? new[] { family.Name + "_bucket", family.Name + "_sum", family.Name + "_count" }
            : [family.Name]).ToHashSet();
        string text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, file));

        var used = Expressions(file, text).SelectMany(expression => MetricName().Matches(expression)).Select(match => match.Value)
            .Distinct().ToList();

        Assert.True(used.Count > 10);
        Assert.Equal([], used.Except(samples));
    }

    private static IEnumerable<string> Expressions(string file, string text)
    {
        if (file.EndsWith(".yml", StringComparison.Ordinal))
            return AlertExpression().Matches(text).Select(match => match.Groups[1].Value);
        var panels = JsonDocument.Parse(text).RootElement.GetProperty("panels").EnumerateArray();
        return panels.Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!);
    }

    private static async Task<ExpositionText> ExportedAsync()
    {
        await using var server = await GatewayServer.StartAsync();
        return await PrometheusTests.ScrapeAsync(server);
    }

    [GeneratedRegex(@"^\| `([a-z_]+)` \| (counter|gauge|histogram) \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedRow();

    [GeneratedRegex(@"^ +expr: (.+)$", RegexOptions.Multiline)]
    private static partial Regex AlertExpression();

    [GeneratedRegex(@"\b(gateway|process|dotnet)_[a-z_]+\b")]
    private static partial Regex MetricName();
}
