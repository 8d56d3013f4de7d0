using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Gateway.Server.Options;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Diagnostics;

/// <summary>
/// Event ids and categories, by which operators find and filter log lines: each id means one thing, and those of docs/operations.md stay.
/// </summary>
public sealed partial class LogEventTests
{
    private static readonly MethodInfo[] Methods =
    [
        .. new[] { typeof(GatewayOptions).Assembly, typeof(GatewayHost).Assembly }.SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(
                BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttribute<LoggerMessageAttribute>() is not null),
    ];

    [Fact]
    public void No_two_lines_have_the_same_event_id()
    {
        Assert.True(Methods.Length > 30, $"only {Methods.Length} log lines were found");

        var repeated = Methods.GroupBy(method => Described(method).EventId).Where(group => group.Count() > 1)
            .Select(group => $"{group.Key}: {string.Join(", ", group.Select(method => $"{method.DeclaringType!.Name}.{method.Name}"))}");

        Assert.Equal([], repeated);
    }

    [Fact]
    public async Task Every_line_that_operators_were_promised_exists_with_its_level_and_category()
    {
        var promised = await PromisedAsync();
        Assert.True(promised.Count > 15, $"only {promised.Count} lines were read from docs/operations.md");

        foreach (var (id, level, category) in promised)
        {
            var line = Assert.Single(Methods, method => Described(method).EventId == id);
            Assert.Equal((id, level), (id, Described(line).Level.ToString()));
            if (category is not null)
                Assert.Contains(category, Categories(line.DeclaringType!));
        }
    }

    [Fact]
    public async Task Lines_of_the_audit_and_of_the_drain_are_logged_in_their_categories()
    {
        using var log = new RecordedLog();
        await using (var server = await GatewayServer.StartAsync([], services => services.AddSingleton<ILoggerProvider>(log)))
        {
            await using var client = await JsonClient.ConnectAsync(server);
            await server.StopAsync();
        }

        Assert.Equal("Gateway.Diagnostics.Audit", Assert.Single(log.Lines, line => line.Event == 100).Category);
        Assert.Equal("Gateway.Diagnostics.Audit", Assert.Single(log.Lines, line => line.Event == 101).Category);
        Assert.Equal("Gateway.Hosting.Drain", Assert.Single(log.Lines, line => line.Event == 2).Category);
    }

    /// <summary>The rows of the table. An empty category is that of the row above; several ids have their levels in order.</summary>
    private static async Task<List<(int Id, string Level, string? Category)>> PromisedAsync()
    {
        string file = Path.Combine(Repository.Root, "docs", "operations.md");
        string document = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var promised = new List<(int, string, string?)>();
        string? category = null;
        foreach (Match row in Row().Matches(document))
        {
            string[] ids = row.Groups[1].Value.Split(", "), levels = row.Groups[2].Value.Split(", ");
            category = row.Groups[3].Value.Trim() is { Length: > 0 } own ? own.Trim('`') : category;
            // The gateway's own faults have the category of the part that failed.
            bool isFault = ids.Contains("1");
            for (int i = 0; i < ids.Length; i++)
            {
                int id = int.Parse(ids[i], CultureInfo.InvariantCulture);
                promised.Add((id, levels[Math.Min(i, levels.Length - 1)], isFault ? null : category));
            }
        }
        return promised;
    }

    private static LoggerMessageAttribute Described(MethodInfo method) => method.GetCustomAttribute<LoggerMessageAttribute>()!;

    private static IEnumerable<string> Categories(Type type) =>
        type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field.IsLiteral && field.Name.EndsWith("Category", StringComparison.Ordinal))
            .Select(field => (string)field.GetRawConstantValue()!);

    [GeneratedRegex(@"^\| ([0-9]+(?:, [0-9]+)*) \| ([A-Z][a-z]+(?:, [A-Z][a-z]+)*) \|([^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
