using Gateway.Load.Clients;

namespace Gateway.Load.Scenarios;

/// <summary>
/// Rooms whose residents talk while visitors come and go: everybody must hear everything, once and in order, and every
/// resident must be told of each visitor that joins and leaves.
/// </summary>
internal sealed class ChatScenario(LoadRun run) : IScenario
{
    private readonly List<Source> _residents = [];
    private readonly List<Topic> _rooms = [];
    private readonly List<Visitor> _visitors = [];
    private Task _visiting = Task.CompletedTask;

    public string Measures => "delivery";

    public int Users => Math.Max(run.Options.Connections, run.Options.Channels);

    public int? StepsEach => null;

    public async Task PrepareAsync()
    {
        for (int i = 0; i < run.Options.Channels; i++)
            _rooms.Add(run.NewTopic($"room-{i}"));
        for (int i = 0; i < Users; i++)
            _residents.Add(run.NewSource(_rooms[i % _rooms.Count], await run.NewClientAsync()));
        var listeners = _residents
            .Select(resident => new Listener(resident.Client, resident.Topic, Listener.Kind.Counting, run.Series(Measures), run.Problems))
            .ToArray();
        foreach (var room in _rooms)
            _visitors.Add(new Visitor(run, room, await run.NewClientAsync()));
        await run.ConnectAsync([.. _residents.Select(resident => resident.Client)]);
        if (_residents.Select(resident => resident.Client.User).Distinct().Count() < _residents.Count)
            throw new LoadException(
                "chat needs a user for each connection: set GATEWAY_LOAD_SECRET, or run the gateway in development mode");
        foreach (var visitor in _visitors)
            visitor.WatchFrom(_residents.Where(resident => resident.Topic == visitor.Room).Select(resident => resident.Client));
        await LoadRun.SubscribeAsync(listeners);
        _visiting = Task.WhenAll(_visitors.Select(visitor => visitor.ComeAndGoAsync()));
    }

    public ValueTask StepAsync(int user, long due) => _residents[user].PublishAsync(due);

    public async Task FinishAsync()
    {
        foreach (var visitor in _visitors)
            visitor.StayAway();
        await _visiting;
        run.Facts["visits"] = _visitors.Sum(visitor => visitor.Visits);
        await run.CheckAsync(_rooms);
    }
}
