using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Gateway.Client;

/// <summary>A client's subscriptions, and the connection that they use at the moment. Safe for any thread.</summary>
/// <param name="time">The clock.</param>
/// <param name="log">The logger for problems.</param>
/// <param name="stopping">Canceled when the client is disposed of.</param>
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

    /// <summary>The next id, for requests and subscriptions alike: every message of a client has its own.</summary>
    public long NextId() => Interlocked.Increment(ref _lastId);

    public ChannelSubscription? Find(string? channel) =>
        channel is not null && _subscriptions.TryGetValue(channel, out var found) ? found : null;

    /// <exception cref="InvalidOperationException">The client has a subscription to the channel already.</exception>
    public void Add(ChannelSubscription subscription)
    {
        if (!_subscriptions.TryAdd(subscription.Channel, subscription))
        {
            string channel = subscription.Channel;
            throw new InvalidOperationException($"{channel} is subscribed to already: use that subscription, or dispose of it first.");
        }
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

    /// <summary>Sends a message over the current connection. Without one it is dropped: the next connection subscribes anew.</summary>
    public void Post(byte[] frame) => _connection?.Post(frame);

    /// <summary>Makes the current connection look into the queue of requests.</summary>
    public void Wake() => _connection?.Wake();

    /// <summary>Keeps a running task that <see cref="CloseAsync"/> waits for. The task must not fail.</summary>
    public void Run(Task task)
    {
        _running.TryAdd(task, true);
        task.ContinueWith(
            ended => _running.TryRemove(ended, out _),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Ends all subscriptions, and those that are added later.</summary>
    /// <param name="reason">The exception for readers. Null to end their enumerations without one.</param>
    public async Task CloseAsync(GatewayException? reason)
    {
        _closeReason = reason;
        _isClosed = true;
        foreach (var (_, subscription) in _subscriptions)
            subscription.End(reason);
        await Task.WhenAll(_running.Keys).ConfigureAwait(false);
    }
}
