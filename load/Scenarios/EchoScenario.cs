using Gateway.Load.Clients;

namespace Gateway.Load.Scenarios;

/// <summary>Every connection sends messages to <c>/echo</c>; each must come back as it was, and in order.</summary>
internal sealed class EchoScenario(LoadRun run) : IScenario
{
    private readonly List<Topic> _topics = [];

    public string Measures => "round trip";

    public int Users => run.Options.Connections * run.Options.InFlight;

    public int? StepsEach => null;

    public async Task PrepareAsync()
    {
        // Being its own only listener is what an echo is.
        run.IsEcho = true;
        var clients = new List<Client>();
        for (int i = 0; i < run.Options.Connections; i++)
        {
            var client = await run.NewClientAsync();
            var topic = new Topic("echo");
            run.NewSource(topic, client);
            client.Expect(new Listener(client, topic, Listener.Kind.Counting, run.Series(Measures), run.Problems));
            clients.Add(client);
            _topics.Add(topic);
        }
        await run.ConnectAsync(clients);
    }

    public ValueTask StepAsync(int user, long due) => _topics[user % _topics.Count].Sources[0].PublishAsync(due);

    public Task FinishAsync() => run.CheckAsync(_topics);
}
