using Gateway.Load.Engines;
using Gateway.Load.Reports;
using Gateway.Load.Scenarios;

namespace Gateway.Load.Tests;

/// <summary>Short runs of the built-in engine. Stateless.</summary>
internal static class Runs
{
    /// <param name="scenario">Its name.</param>
    /// <param name="url">The server.</param>
    /// <param name="change">What is not as in <see cref="Options"/>.</param>
    public static async Task<Report> RunAsync(string scenario, Uri url, Func<LoadOptions, LoadOptions>? change = null)
    {
        var entry = Catalogue.All.Single(entry => entry.Name == scenario);
        await using var run = new LoadRun(Options(entry, url, change));
        return await new BuiltInEngine(entry.Name, entry.Create(run), run, gauge: null, _ => { }).RunAsync();
    }

    /// <summary>Few connections and half a second.</summary>
    public static LoadOptions Options(ScenarioEntry entry, Uri url, Func<LoadOptions, LoadOptions>? change = null)
    {
        var options = entry.Defaults with
        {
            Url = url,
            Connections = 20,
            Channels = Math.Min(entry.Defaults.Channels, 4),
            WarmUp = TimeSpan.Zero,
            Duration = TimeSpan.FromSeconds(0.5),
            Threads = 2,
        };
        return change is null ? options : change(options);
    }
}
