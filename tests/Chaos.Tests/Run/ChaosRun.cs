using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Clients;
using Gateway.Chaos.Tests.Faults;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Run;

/// <summary>Three nodes, Redis with a replica, publishers and subscribers, and one fault after the other.</summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    private readonly ChaosOptions _options;
    private readonly Random _random;
    private readonly Store _store;
    private readonly ChaosScene _scene;
    private readonly List<Subscriber> _subscribers;
    private readonly List<IPublisher> _publishers;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<TimeSpan?> _heals = [];

    private ChaosRun(ChaosOptions options, Random random, Store store)
    {
        (_options, _random, _store) = (options, random, store);
        var clock = new RunClock();
        _scene = new ChaosScene(options.Seed, clock, [.. store.Links.Select((link, index) => new NodeSlot($"n{index + 1}", link, clock))]);
        _scene.Faults.Listener = options.Listener;
        _subscribers = [.. Subscribers()];
        _publishers = [.. Publishers()];
    }

    public static async Task<ChaosReport> RunAsync(ChaosOptions options)
    {
        var random = new Random(options.Seed);
        var mode = (StoreMode)random.Next(3);
        await using var run = new ChaosRun(options, random, await Store.StartAsync(mode, ChaosOptions.Nodes));
        return await run.RunAsync(mode);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _scene.Nodes)
            await node.DisposeAsync();
        await _store.DisposeAsync();
        _stopping.Dispose();
        if (_options.LogFolder is not { } folder)
            return;
        foreach (var node in _scene.Nodes)
            await File.WriteAllTextAsync(Path.Combine(folder, node.Name + ".log"), node.Output);
    }

    private async Task<ChaosReport> RunAsync(StoreMode mode)
    {
        await Task.WhenAll(_scene.Nodes.Select(node => node.StartAsync()));
        _scene.Faults.Note($"all nodes serve; Redis keeps {mode}");
        Task[] tasks =
        [
            _scene.Busyness.WatchAsync(_stopping.Token),
            .. _subscribers.Select(subscriber => subscriber.RunAsync(_stopping.Token)),
            .. _publishers.Select(publisher => publisher.RunAsync(_stopping.Token)),
        ];
        var calm = new Calm(_scene, _subscribers, _publishers);
        // A problem before the first fault is one of the run itself.
        _heals.Add(await calm.CheckAsync());
        long began = _scene.Clock.Now;
        var deck = new FaultDeck(Faults(), _random);
        while (_scene.Clock.Now - began < _options.Duration.TotalMilliseconds)
        {
            await DisturbAsync(deck, began);
            _heals.Add(await calm.CheckAsync());
        }
        await _stopping.CancelAsync();
        await Task.WhenAll(tasks);
        return Report();
    }

    /// <summary>Faults until the next pause.</summary>
    private async Task DisturbAsync(FaultDeck deck, long began)
    {
        double pause = Math.Min(_scene.Clock.Now + _options.BetweenPauses.TotalMilliseconds, began + _options.Duration.TotalMilliseconds);
        while (_scene.Clock.Now < pause)
        {
            await deck.Deal().RunAsync();
            await Task.Delay(_random.Next(100, 1200));
        }
    }

    private List<Fault> Faults()
    {
        Fault[] all =
        [
            .. new NodeFaults(_scene, _random).All,
            .. new LinkFaults(_scene, _random).All,
            .. new StoreFaults(_scene, _store, _random).All,
        ];
        List<Fault> meant = [.. all.Where(fault => fault.Name.StartsWith(_options.Only, StringComparison.Ordinal))];
        return meant.Count > 0
            ? meant
            : throw new ArgumentException(
                $"No fault's name begins with '{_options.Only}': {string.Join(", ", all.Select(fault => fault.Name))}.");
    }

    /// <summary>Half of them stay where they are, the others come and go; each channel has some of both.</summary>
    private IEnumerable<Subscriber> Subscribers()
    {
        for (int number = 1; number <= 14; number++)
        {
            // So that every channel has followers on every node.
            string[] channels = [.. ChannelPlan.All.Where((_, index) => (index + number) % 2 == 0 || (index + number) % 5 == 0)];
            yield return new Subscriber(_scene, $"s{number}", 100 + number, channels, isRestless: number % 2 == 0);
        }
    }

    private IEnumerable<IPublisher> Publishers()
    {
        for (int number = 1; number <= 9; number++)
        {
            string[] channels = [.. ChannelPlan.All.Where((_, index) => index % 3 == number % 3)];
            yield return new Publisher(_scene, number, channels, inFlight: number % 2 == 0 ? 1 : 8);
        }
        yield return new ApiPublisher(_scene, 10, ChannelPlan.All);
    }

    private ChaosReport Report() => new()
    {
        Options = _options,
        Took = TimeSpan.FromMilliseconds(_scene.Clock.Now),
        Figures = _scene.Ledger.Figures,
        Answers = _scene.Answers.Figures,
        Heals = _heals,
        FaultCount = _scene.Faults.Count,
        Faults = _scene.Faults.Lines,
        Counts = _scene.Problems.Counts,
        Subjects = _scene.Problems.Counts.Keys.ToDictionary(kind => kind, _scene.Problems.Subjects),
        First = _scene.Problems.First,
    };
}
