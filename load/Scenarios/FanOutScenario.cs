using Gateway.Load.Clients;

namespace Gateway.Load.Scenarios;

/// <summary>
/// Publishers send to channels that all others listen to, each to one: every listener must get every message once and in
/// order, and all listeners of a channel in the same order. Over one address or two.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="publishing">Where publishers connect: one for each address, sending to every channel.</param>
/// <param name="listening">Where listeners connect, in turn.</param>
internal sealed class FanOutScenario(LoadRun run, Uri[] publishing, Uri[] listening) : IScenario
{
    private readonly List<Topic> _topics = [];
    private readonly List<Source> _sources = [];
    private uint _turn;

    public string Measures => "delivery";

    public int Users => run.Options.InFlight;

    public int? StepsEach => null;

    public async Task PrepareAsync()
    {
        var publishers = new List<Client>();
        foreach (var url in publishing)
            publishers.Add(await run.NewClientAsync(url));
        // A channel without listeners would wait for ever.
        for (int i = 0; i < Math.Min(run.Options.Channels, run.Options.Connections); i++)
        {
            var topic = run.NewTopic($"{i}");
            _topics.Add(topic);
            _sources.AddRange(publishers.Select(publisher => run.NewSource(topic, publisher)));
        }
        var listeners = new List<Listener>();
        for (int i = 0; i < run.Options.Connections; i++)
        {
            var client = await run.NewClientAsync(listening[i % listening.Length]);
            // In blocks, so that each channel has listeners on both addresses.
            var topic = _topics[(int)((long)i * _topics.Count / run.Options.Connections)];
            listeners.Add(new Listener(client, topic, Listener.Kind.Counting, run.Series(Measures), run.Problems));
        }
        await run.ConnectAsync([.. publishers, .. listeners.Select(listener => listener.Client)]);
        await LoadRun.SubscribeAsync(listeners);
    }

    public ValueTask StepAsync(int user, long due) =>
        _sources[(int)(Interlocked.Increment(ref _turn) % (uint)_sources.Count)].PublishAsync(due);

    public Task FinishAsync() => run.CheckAsync(_topics);
}
