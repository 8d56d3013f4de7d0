using System.Diagnostics;
using Gateway.Load.Clients;

namespace Gateway.Load.Scenarios;

/// <summary>
/// Connections that are subscribed and say nothing, but answer pings: none may be closed, and at the end each must be
/// answered.
/// </summary>
internal sealed class IdleScenario(LoadRun run) : IScenario
{
    private readonly List<Client> _clients = [];

    public string Measures => "answer";

    public int Users => run.Options.Connections;

    public int? StepsEach => 1;

    public async Task PrepareAsync()
    {
        var topics = Enumerable.Range(0, run.Options.Channels).Select(i => run.NewTopic($"{i}")).ToArray();
        for (int i = 0; i < run.Options.Connections; i++)
            _clients.Add(await run.NewClientAsync());
        run.Series(Measures);
        await run.ConnectAsync(_clients);
        var listeners = _clients.Select((client, i) =>
            new Listener(client, topics[i % topics.Length], Listener.Kind.Counting, run.Series(Measures), run.Problems));
        await LoadRun.SubscribeAsync([.. listeners]);
    }

    public async ValueTask StepAsync(int user, long due)
    {
        await Task.Delay(run.Options.Duration, run.Problems.Failed);
        var client = _clients[user];
        long asked = Stopwatch.GetTimestamp();
        await client.PingAsync();
        await client.RecordAsync(run.Series(Measures), Stopwatch.GetTimestamp() - asked);
    }

    public Task FinishAsync() => Task.CompletedTask;
}
