using System.Collections.Concurrent;
using System.Diagnostics;
using Gateway.Load.Clients;
using Gateway.Load.Measuring;
using Gateway.Load.Sockets;

namespace Gateway.Load;

/// <summary>
/// Prepared by one thread; then safe for any. What the scenarios of one run share: loops, clients, measurements, problems.
/// </summary>
internal sealed class LoadRun : IAsyncDisposable
{
    /// <summary>Connections that are being made at a time: enough to keep a server busy, few enough for its backlog.</summary>
    private const int Connecting = 256;

    /// <summary>Messages of one source under way at a time where a rate is given.</summary>
    public const int MaxInFlight = 1024;

    private readonly EventLoop[] _loops;
    private readonly List<Client> _clients = [];
    private readonly List<Source> _sources = [];
    private readonly Dictionary<string, Series> _series = [];
    private readonly Dictionary<Uri, ConnectionTarget> _targets = [];

    public LoadRun(LoadOptions options)
    {
        Options = options;
        _loops = [.. Enumerable.Range(0, options.Threads).Select(i => new EventLoop(i))];
    }

    public LoadOptions Options { get; }

    public Problems Problems { get; } = new();

    /// <summary>Whether messages go to where they come back from, rather than to a channel.</summary>
    public bool IsEcho { get; set; }

    /// <summary>The findings of a scenario beside the times, in the order of the report.</summary>
    public ConcurrentDictionary<string, double> Facts { get; } = new();

    public IReadOnlyCollection<Series> AllSeries => _series.Values;

    public int Connections => _clients.Count;

    /// <summary>What all clients have received until now, in bytes.</summary>
    public long ReceivedBytes => _loops.Sum(loop => loop.ReceivedBytes);

    /// <summary>A part of names, which no earlier run has used.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N")[..8];

    /// <summary>The series with a name, which reports show.</summary>
    public Series Series(string name)
    {
        if (!_series.TryGetValue(name, out var series))
            _series.Add(name, series = new Series(name, _loops.Length));
        return series;
    }

    public async Task<Client> NewClientAsync(Uri? url = null, bool isNarrow = false)
    {
        url ??= Options.Url;
        if (!_targets.TryGetValue(url, out var target))
            _targets.Add(url, target = await ConnectionTarget.ResolveAsync(url, Options.IsInsecure, CancellationToken.None));
        var client = new Client(this, _loops[_clients.Count % _loops.Length], target, _clients.Count) { IsNarrow = isNarrow };
        _clients.Add(client);
        return client;
    }

    public Topic NewTopic(string name) => new($"{Options.Namespace}:{Id}-{name}");

    public Source NewSource(Topic topic, Client client)
    {
        var envelope = IsEcho ? Options.Dialect.Echo : Options.Dialect.Publish(topic.Channel);
        var source = new Source(
            (uint)_sources.Count, topic.Sources.Count, topic, client, envelope, Options.Bytes, Math.Max(MaxInFlight, Options.InFlight));
        _sources.Add(source);
        topic.Sources.Add(source);
        return source;
    }

    /// <summary>Null for a number nobody has.</summary>
    public Source? Source(uint id) => id < _sources.Count ? _sources[(int)id] : null;

    /// <summary>Connects them, some at a time, and notes how many a second that were.</summary>
    public async Task ConnectAsync(IReadOnlyCollection<Client> clients)
    {
        var times = Series("connect");
        long start = Stopwatch.GetTimestamp();
        await ForEachAsync(clients, async client =>
        {
            long began = Stopwatch.GetTimestamp();
            await client.ConnectAsync();
            await client.RecordAsync(times, Stopwatch.GetTimestamp() - began);
        });
        Facts["connects/s"] = clients.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Makes clients listen, each to its topic.</summary>
    public static Task SubscribeAsync(IReadOnlyCollection<Listener> listeners) => ForEachAsync(listeners, async listener =>
    {
        listener.Client.Expect(listener);
        await listener.Client.SubscribeAsync(listener.Topic.Channel);
    });

    /// <summary>After the last step: whatever else is under way has come when each listener's ping is answered.</summary>
    public async Task CheckAsync(IReadOnlyCollection<Topic> topics)
    {
        if (Problems.Count > 0)
            return;
        await ForEachAsync([.. topics.SelectMany(topic => topic.Counting)], listener => listener.Client.PingAsync());
        foreach (var topic in topics)
            topic.Check(Problems);
    }

    public static Task ForEachAsync<T>(IReadOnlyCollection<T> items, Func<T, Task> action) =>
        Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = Connecting }, async (item, _) => await action(item));

    public async Task InTime(Task task, string failing)
    {
        try
        {
            await task.WaitAsync(Options.Timeout, Problems.Failed);
        }
        catch (TimeoutException)
        {
            throw new LoadException($"{failing} after {Options.Timeout.TotalSeconds:0.#} s");
        }
    }

    public async Task<T> InTime<T>(Task<T> task, string failing)
    {
        await InTime((Task)task, failing);
        return await task;
    }

    /// <summary>Says goodbye on all connections, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_clients.Select(client => client.CloseAsync()));
        foreach (var loop in _loops)
            loop.Dispose();
        Problems.Dispose();
    }
}
