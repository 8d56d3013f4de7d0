using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Reads one channel from Redis and delivers its messages to the sink. In a namespace with history, messages that did not come through
/// pub/sub are read from the stream; where the stream does not have them any more, the subscribers are told of the loss. Safe for any
/// thread.
/// </summary>
/// <remarks>
/// The reader's lock is taken before those of the sink. Nothing that the channel table calls takes the reader's lock. A generation is one
/// attempt to follow the channel: attaching and detaching begin a new one, and whatever an older one still does has no effect.
/// </remarks>
internal sealed partial class RedisChannelReader
{
    private readonly Lock _gate = new();
    private readonly ChannelDelivery _delivery;
    private readonly IBackplaneSink _sink;
    private readonly TimeProvider _time;
    private readonly BackplaneMetrics _metrics;
    private readonly BrokenRecords _broken;
    private readonly RedisPresence _presence;
    private RedisConnection? _connection;

    /// <summary>The pub/sub channel that is subscribed to, or that Redis was asked for.</summary>
    private PubSubChannel? _subscription;

    private Task<bool>? _attempt;
    private int _generation;
    private int _failures;
    private bool _isAttached;
    private bool _isCatchingUp;

    public RedisChannelReader(
        ChannelName channel, RedisKeys keys, IBackplaneSink sink, TimeProvider time, BackplaneMetrics metrics, BrokenRecords broken,
        RedisPresence presence)
    {
        (Channel, Keys) = (channel, keys);
        (_sink, _time, _metrics, _broken, _presence) = (sink, time, metrics, broken, presence);
        _delivery = new ChannelDelivery(channel, sink, metrics);
    }

    public ChannelName Channel { get; }

    public RedisKeys Keys { get; }

    /// <summary>Whether the pub/sub channel is subscribed to, so that only the stream may be missing.</summary>
    public bool IsAttached => Volatile.Read(ref _isAttached);

    /// <summary>
    /// Whether the last attempt failed. The reader tries again by itself; nothing is delivered until an attempt succeeds.
    /// </summary>
    public bool HasFailed => Volatile.Read(ref _failures) > 0;

    private bool HasHistory => Channel.Namespace.Rules.HasHistory;

    /// <summary>Subscribes on a connection and delivers what was missed since the last one. May be called under any lock.</summary>
    /// <param name="connection">The connection, new or the same as before.</param>
    /// <param name="before">The last command on the same connection: commands follow each other.</param>
    /// <returns>Whether messages are delivered from now on.</returns>
    public async Task<bool> AttachAsync(RedisConnection connection, Task before)
    {
        // An older attempt may still deliver or be reading. It must not do so beside this one.
        int generation = Invalidate();
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        Task<bool> attempt;
        lock (_gate)
        {
            if (generation != _generation)
                return false;
            (_connection, _failures) = (connection, 0);
            _delivery.Restart();
            attempt = _attempt = FollowAsync(connection, generation);
        }
        return await attempt.ConfigureAwait(false);
    }

    /// <summary>Repeats a failed attempt now, or waits for the one under way. May be called under any lock.</summary>
    /// <returns>Whether messages are delivered from now on.</returns>
    public async Task<bool> RetryAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Task<bool> attempt;
        lock (_gate)
        {
            if (_connection is not { } connection)
                return false;
            if (_failures == 0 && _isAttached)
                return true;
            if (_attempt is not { IsCompleted: false })
                _attempt = FollowAsync(connection, _generation);
            attempt = _attempt;
        }
        return await attempt.ConfigureAwait(false);
    }

    /// <summary>
    /// Ends the delivery without a command to Redis: the whole connection is given up, and one half of it may work until it is closed. May
    /// be called under any lock.
    /// </summary>
    public void Abandon() => Invalidate();

    /// <summary>Ends the delivery and unsubscribes. May be called under any lock.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="before">As for <see cref="AttachAsync"/>.</param>
    /// <returns>False: nothing is delivered.</returns>
    public async Task<bool> DetachAsync(RedisConnection connection, Task before)
    {
        Invalidate();
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        PubSubChannel? subscription;
        bool isEmpty;
        lock (_gate)
        {
            // A newer connection has taken over, and the subscriptions of this one ended with it.
            if (_connection != connection)
                return false;
            isEmpty = _delivery.Position is { Seq: 0 };
            (_connection, subscription, _subscription) = (null, _subscription, null);
            _delivery.Clear();
        }
        if (subscription is not null)
            await connection.UnsubscribeAsync(subscription).ConfigureAwait(false);
        if (isEmpty)
            await RedisHistory.ForgetAsync(connection, Keys).ConfigureAwait(false);
        return false;
    }

    private int Invalidate()
    {
        int generation = Interlocked.Increment(ref _generation);
        Volatile.Write(ref _isAttached, false);
        return generation;
    }

    /// <summary>Subscribes where that is still to be done, and reads what was missed.</summary>
    private async Task<bool> FollowAsync(RedisConnection connection, int generation)
    {
        if (!IsAttached && !await TrySubscribeAsync(connection, generation).ConfigureAwait(false))
        {
            Fail(connection, generation);
            return false;
        }
        return !HasHistory || await CatchUpAsync(connection, generation).ConfigureAwait(false);
    }

    private async Task<bool> TrySubscribeAsync(RedisConnection connection, int generation)
    {
        PubSubChannel subscription = null!;
        subscription = new PubSubChannel(Keys.Flow, bytes => OnMessage(generation, bytes), () => OnEnded(subscription));
        lock (_gate)
        {
            if (generation != _generation)
                return false;
            (_subscription, _isCatchingUp) = (subscription, HasHistory);
        }
        bool isSubscribed = await connection.SubscribeAsync(subscription).ConfigureAwait(false);
        lock (_gate)
        {
            // The pub/sub connection may have ended meanwhile.
            isSubscribed &= generation == _generation && _subscription == subscription;
            if (isSubscribed)
            {
                Volatile.Write(ref _isAttached, true);
                if (!HasHistory)
                    Volatile.Write(ref _failures, 0);
            }
        }
        if (isSubscribed)
            _presence.OnAttached(Channel);
        else
            await connection.UnsubscribeAsync(subscription).ConfigureAwait(false);
        return isSubscribed;
    }

    /// <summary>
    /// Redis, or the one server of several that had the channel, ended the subscription: the reader subscribes again and catches up.
    /// </summary>
    private void OnEnded(PubSubChannel subscription)
    {
        lock (_gate)
        {
            if (_subscription != subscription)
                return;
            _subscription = null;
            Volatile.Write(ref _isAttached, false);
            if (_connection is not { Broken.IsCompleted: false } connection)
                return;
            if (!connection.IsSharded)
            {
                // No other pub/sub connection could bring the channel.
                connection.Break("pub/sub ended");
                return;
            }
            // A check must not begin to read beside the attempt that follows.
            _isCatchingUp = HasHistory;
            _sink.OnInterrupted(Channel);
            _attempt = FollowAgainAsync(connection, _generation, before: _attempt);
        }
    }

    private async Task<bool> FollowAgainAsync(RedisConnection connection, int generation, Task? before)
    {
        await (before ?? Task.CompletedTask)
            .ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        return await FollowAsync(connection, generation).ConfigureAwait(false);
    }

    private void OnMessage(int generation, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (generation != _generation)
                return;
            if (!Envelope.TryRead(bytes, out var envelope) || !IsExpected(envelope.Kind))
                OnBroken();
            else if (envelope.Kind == EnvelopeKind.Presence)
                _presence.OnChange(Channel, envelope.Before, envelope.Change);
            else if (envelope.Kind == EnvelopeKind.Message)
                _delivery.DeliverUnpositioned(envelope.Records);
            else if (_isCatchingUp)
                _delivery.Hold(bytes);
            else if (!_delivery.TryDeliver(envelope))
            {
                _metrics.GapFound();
                _delivery.Hold(bytes);
                StartCatchUp(_connection!);
            }
        }
    }

    /// <summary>Nodes that disagree over a namespace's rules cannot use each other's messages.</summary>
    private bool IsExpected(EnvelopeKind kind) => kind switch
    {
        EnvelopeKind.Message => !HasHistory,
        EnvelopeKind.PositionedMessage => HasHistory,
        _ => Channel.Namespace.Rules.Presence,
    };

    /// <summary>
    /// Drops what cannot be read. If it was a message with a position, the stream has it or shows that it is lost; a lost presence change
    /// shows by its version.
    /// </summary>
    private void OnBroken()
    {
        _broken.Drop(RecordKind.Message);
        if (!HasHistory)
            return;
        if (_isCatchingUp)
            _delivery.Miss();
        else
            StartCatchUp(_connection!);
    }
}
