using Gateway.Load.Clients;
using Gateway.Load.Sockets;

namespace Gateway.Load.Scenarios;

/// <summary>
/// Some subscribers stop reading: the others must go on getting everything, in time. What became of the stalled ones
/// says which policy the namespace has.
/// </summary>
internal sealed class SlowScenario(LoadRun run) : IScenario
{
    private readonly List<Topic> _topics = [];
    private readonly List<Listener> _stalled = [];
    private Source? _source;

    public string Measures => "delivery";

    public int Users => run.Options.InFlight;

    public int? StepsEach => null;

    public async Task PrepareAsync()
    {
        var publisher = await run.NewClientAsync();
        var topic = run.NewTopic("slow");
        _topics.Add(topic);
        _source = run.NewSource(topic, publisher);
        var readers = new List<Listener>();
        for (int i = 0; i < run.Options.Connections; i++)
            readers.Add(new Listener(await run.NewClientAsync(), topic, Listener.Kind.Counting, run.Series(Measures), run.Problems));
        for (int i = 0; i < run.Options.Stalled; i++)
            _stalled.Add(
                new Listener(await run.NewClientAsync(isNarrow: true), topic, Listener.Kind.Stalled, run.Series(Measures), run.Problems));
        await run.ConnectAsync([publisher, .. readers.Concat(_stalled).Select(listener => listener.Client)]);
        await LoadRun.SubscribeAsync([.. readers, .. _stalled]);
        foreach (var listener in _stalled)
            listener.Client.Stall();
    }

    public ValueTask StepAsync(int user, long due) => _source!.PublishAsync(due);

    public async Task FinishAsync()
    {
        await run.CheckAsync(_topics);
        int closed = 0, lost = 0, dropped = 0;
        foreach (var listener in _stalled)
        {
            if (await EndAsync(listener.Client) is not { } end)
                dropped += listener.Got < _source!.Sent ? 1 : 0;
            else if (end.Code == ConnectionEnd.SlowConsumer)
                closed++;
            else
                lost++;
        }
        run.Facts["stalled"] = _stalled.Count;
        run.Facts["stalled: closed with 4008"] = closed;
        run.Facts["stalled: reset"] = lost;
        run.Facts["stalled: kept, messages dropped"] = dropped;
        run.Facts["stalled: kept, nothing dropped"] = _stalled.Count - closed - lost - dropped;
        run.Facts["stalled: messages not delivered"] = _stalled.Sum(listener => _source!.Sent - listener.Got);
    }

    /// <summary>Reads what is left; null if the connection is still there then.</summary>
    private static async Task<ConnectionEnd?> EndAsync(Client client)
    {
        client.ReadAgain();
        try
        {
            await client.PingAsync();
            return null;
        }
        catch (LoadException) when (client.Ended.IsCompleted)
        {
            return await client.Ended;
        }
    }
}
