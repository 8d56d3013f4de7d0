using Gateway.Load.Dialects;
using Gateway.Load.Engines;
using Gateway.Load.Scenarios;

namespace Gateway.Load.Tests.NBomber;

public sealed class NBomberEngineTests
{
    [Theory]
    [InlineData(Lie.None, 0)]
    [InlineData(Lie.Repeat, 1)]
    public async Task The_same_scenarios_run_and_are_checked(Lie lie, int exitCode)
    {
        await using var server = new LyingServer(lie);
        var entry = Catalogue.All.Single(entry => entry.Name == "fanout");
        await using var run = new LoadRun(Runs.Options(entry, server.Url, options => options with { Dialect = JsonDialect.Plain, InFlight = 4 }));

        Assert.Equal(exitCode, await NBomberEngine.RunAsync(entry.Name, entry.Create(run), run));
        Assert.Equal(lie == Lie.None, run.Problems.Count == 0);
        Assert.True(run.Series("delivery").Snapshot().Count > 0);
    }
}
