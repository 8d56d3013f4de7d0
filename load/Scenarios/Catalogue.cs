using Gateway.Load.Dialects;

namespace Gateway.Load.Scenarios;

/// <summary>A scenario by its name, with what the command line says of it. Immutable.</summary>
/// <param name="Name">On the command line.</param>
/// <param name="Description">What it does.</param>
/// <param name="Settings">The options it has beside those of all, as on the command line.</param>
/// <param name="Defaults">Where they are unless set.</param>
/// <param name="Create">Makes it for a run.</param>
internal sealed record ScenarioEntry(
    string Name, string Description, string[] Settings, LoadOptions Defaults, Func<LoadRun, IScenario> Create);

/// <summary>All scenarios. Immutable.</summary>
internal static class Catalogue
{
    private static readonly LoadOptions Common = new() { Url = new Uri("ws://127.0.0.1:8080/ws") };

    public static IReadOnlyList<ScenarioEntry> All { get; } =
    [
        new(
            "echo", "Messages to /echo and back, on every connection", ["--connections", "--in-flight", "--rate"],
            Common with { Url = new Uri("ws://127.0.0.1:8080/echo"), Dialect = JsonDialect.Plain }, run => new EchoScenario(run)),
        new(
            "fanout", "One publisher, one channel, many subscribers", ["--connections", "--in-flight", "--rate", "--publish-url"],
            Common with { Connections = 1000 },
            run => new FanOutScenario(run, [run.Options.SecondUrl ?? run.Options.Url], [run.Options.Url])),
        new(
            "channels", "One publisher, many channels, some subscribers each", ["--connections", "--channels", "--in-flight", "--rate"],
            Common with { Connections = 1000, Channels = 100, InFlight = 100 },
            run => new FanOutScenario(run, [run.Options.Url], [run.Options.Url])),
        new(
            "chat", "Rooms with presence: residents talk, visitors come and go", ["--connections", "--channels", "--rate"],
            Common with { Namespace = "chat", Connections = 500, Channels = 50, Rate = 200 }, run => new ChatScenario(run)),
        new(
            "idle", "Connections that only stay", ["--connections", "--channels"],
            Common with { Connections = 1000, WarmUp = TimeSpan.Zero }, run => new IdleScenario(run)),
        new(
            "storm", "All subscribers are cut off, and come back at once with recovery", ["--connections", "--channels"],
            Common with { Namespace = "log", Connections = 1000, Channels = 10, WarmUp = TimeSpan.Zero }, run => new StormScenario(run)),
        new(
            "slow", "Some subscribers stop reading while others measure", ["--connections", "--stalled", "--in-flight", "--rate"],
            Common with { Connections = 100, Rate = 200, Bytes = 4096 }, run => new SlowScenario(run)),
        new(
            "cluster", "Publishers and subscribers on two nodes: all must see one order",
            ["--url2", "--connections", "--channels", "--in-flight", "--rate"],
            Common with { Connections = 100, InFlight = 16 },
            run => new FanOutScenario(run, [run.Options.Url, run.Options.SecondUrl!], [run.Options.Url, run.Options.SecondUrl!])),
        new(
            "soak", "A moderate mix for a long time, with the trend of latency and memory",
            ["--connections", "--channels", "--rate", "--minutes"],
            Common with { Namespace = "chat", Connections = 500, Channels = 50, Rate = 100, Duration = TimeSpan.FromMinutes(10) },
            run => new SoakScenario(run)),
    ];
}
