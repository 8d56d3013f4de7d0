using Gateway.Load.Dialects;
using Gateway.Load.Engines;
using Gateway.Load.Scenarios;
using Gateway.TestSupport;

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
        await using var run = new LoadRun(
            Runs.Options(entry, server.Url, options => options with { Dialect = JsonDialect.Plain, InFlight = 4 }));

        Assert.Equal(exitCode, await NBomberEngine.RunAsync(entry.Name, entry.Create(run), run));
        Assert.Equal(lie == Lie.None, run.Problems.Count == 0);
        Assert.True(run.Series("delivery").Snapshot().Count > 0);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("storm")]
    [InlineData("fanout")]
    public async Task All_kinds_of_scenarios_do(string scenario)
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:chat:Presence=true", "Namespaces:log:History=100");
        var entry = Catalogue.All.Single(entry => entry.Name == scenario);
        await using var run = new LoadRun(Runs.Options(entry, server.WebSocketUri));

        Assert.Equal(0, await NBomberEngine.RunAsync(entry.Name, entry.Create(run), run));
    }
}
