namespace Gateway;

/// <summary>
/// Stateless. Below warnings the HTTP server logs whole URLs and broken request lines, in which a token may stand. It stays
/// silent about them whatever is configured, for one provider or for all.
/// </summary>
internal static class RequestLogs
{
    private const string HttpServer = "Microsoft.AspNetCore";

    public static void KeepSilent(IServiceCollection services) => services.PostConfigure<LoggerFilterOptions>(options =>
    {
        var rules = options.Rules.Select(Silenced).ToList();
        options.Rules.Clear();
        // First, and so the weakest: for what no other rule is about.
        options.Rules.Add(Silenced(new LoggerFilterRule(null, null, options.MinLevel, null)));
        foreach (var rule in rules)
            options.Rules.Add(rule);
    });

    private static LoggerFilterRule Silenced(LoggerFilterRule rule) => new(rule.ProviderName, rule.CategoryName, rule.LogLevel,
        (provider, category, level) => IsHarmless(category, level) && (rule.Filter is null || rule.Filter(provider, category, level)));

    private static bool IsHarmless(string? category, LogLevel level) =>
        level >= LogLevel.Warning || category is null || !category.StartsWith(HttpServer, StringComparison.Ordinal);
}
