using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Gateway.Client;

/// <summary>Safe for any thread. A client's subscriptions, and the connection they go over at the moment.</summary>
/// <param name="time">The clock.</param>
/// <param name="log">Where problems are logged.</param>
/// <param name="stopping">When the client is disposed of.</param>
internal sealed class SubscriptionTable(TimeProvider time, ILogger log, CancellationToken stopping)
{
    private readonly ConcurrentDictionary<string, ChannelSubscription> _subscriptions = [];
    private readonly ConcurrentDictionary<Task, bool> _running = [];
    private volatile Connection? _connection;
    private volatile bool _isClosed;
    private GatewayException? _closeReason;
    private long _lastId;

    public TimeProvider Time => time;

    public ILogger Log => log;

    public CancellationToken Stopping => stopping;

    /// <summary>Of requests as well as subscriptions: all that goes over a connection.</summary>
    public long NextId() => Interlocked.Increment(ref _lastId);

    public ChannelSubscription? Find(string? channel) => channel is not null && _subscriptions.TryGetValue(channel, out var found) ? found : null;

    /// <exception cref="InvalidOperationException">The channel is subscribed to already.</exception>
    public void Add(ChannelSubscription subscription)
    {
        if (!_subscriptions.TryAdd(subscription.Channel, subscription))
            throw new InvalidOperationException($"{subscription.Channel} is subscribed to already: use that subscription, or dispose of it first.");
        if (_isClosed)
            subscription.End(_closeReason);
        else if (_connection is not null)
            subscription.OnConnected();
    }

    public void Remove(ChannelSubscription subscription) =>
        _subscriptions.TryRemove(new KeyValuePair<string, ChannelSubscription>(subscription.Channel, subscription));

    public void Attach(Connection connection)
    {
        _connection = connection;
        foreach (var (_, subscription) in _subscriptions)
            subscription.OnConnected();
    }

    public void Detach()
    {
        _connection = null;
        foreach (var (_, subscription) in _subscriptions)
            subscription.OnDisconnected();
    }

    public void Tick()
    {
        foreach (var (_, subscription) in _subscriptions)
            subscription.OnTick();
    }

    /// <summary>Sends, if there is a connection; if not, the next one starts with what holds then.</summary>
    public void Post(byte[] frame) => _connection?.Post(frame);

    /// <summary>There is something new in the queue of requests.</summary>
    public void Wake() => _connection?.Wake();

    /// <summary>Lets something go on that <see cref="CloseAsync"/> waits for; it must not throw.</summary>
    public void Run(Task task)
    {
        _running.TryAdd(task, true);
        task.ContinueWith(ended => _running.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <param name="reason">What readers are told; null to end without a word.</param>
    public async Task CloseAsync(GatewayException? reason)
    {
        _closeReason = reason;
        _isClosed = true;
        foreach (var (_, subscription) in _subscriptions)
            subscription.End(reason);
        await Task.WhenAll(_running.Keys);
    }
}
