using System.Security.Cryptography;
using System.Text;
using Gateway.Channels;
using Gateway.Options;
using StackExchange.Redis;

namespace Gateway.Backplane.Redis;

/// <summary>
/// Safe for any thread. One Redis server or cluster: its connection, which is probed and replaced when it fails, and the feeds of
/// the channels that live there.
/// </summary>
/// <remarks>Lock order: the channel table's, then this one, then the presence's; no feed's lock is taken under it.</remarks>
internal sealed class RedisShard : IAsyncDisposable
{
    private const long LingerMilliseconds = 3_000;
    private const long SilenceMilliseconds = 5_000;
    private const long CheckMilliseconds = 60_000;

    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(300);

    /// <summary>For users to leave and calls to be answered when the node stops. What is left expires.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _tick;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, ChannelFeed> _feeds = new(ChannelNameComparer.Instance);
    private readonly Queue<(ChannelFeed Feed, long LeaveAt)> _unwanted = new();
    private readonly Round<ChannelFeed> _checks = new(CheckMilliseconds, feed => feed.IsGone);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConfigurationOptions _options;
    private readonly string _prefix;
    private readonly byte[] _probe;
    private readonly BackplaneMetrics _metrics;
    private readonly RedisPresence _presence;
    private readonly IBackplaneSink _sink;
    private Task _running = Task.CompletedTask;
    private long _heard;
    private bool _wasUp;
    private volatile RedisConnection? _connection;

    public RedisShard(RedisServerAddress address, GatewayOptions options, BackplaneMetrics metrics, IBackplaneSink sink)
    {
        _options = address.Configuration();
        Name = address.Name;
        _prefix = options.Redis.Prefix;
        _probe = Encoding.UTF8.GetBytes($"{_prefix}:probe:{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
        _metrics = metrics;
        _sink = sink;
        _presence = new RedisPresence(_prefix, options.Presence.TimeToLive);
        _tick = TimeSpan.FromMilliseconds(Math.Clamp(_presence.Period.TotalMilliseconds / 4, 50, 1000));
    }

    public string Name { get; }

    public bool IsUp => _connection is not null && Environment.TickCount64 - Volatile.Read(ref _heard) < SilenceMilliseconds;

    public void Start() => _running = RunAsync();

    public RedisKeys KeysOf(ChannelName channel)
    {
        lock (_gate)
        {
            if (_feeds.TryGetValue(channel, out var feed))
                return feed.Keys;
        }
        return new RedisKeys(_prefix, channel);
    }

    public async Task<PublishResult> PublishAsync(ChannelName channel, byte[] body, byte[]? key)
    {
        var result = await IssueAsync(channel, body, key).ConfigureAwait(false);
        _metrics.Published(result.Accepted);
        return result;
    }

    /// <summary>Called under the channel table's lock: nothing happens before it returns but asking.</summary>
    public Task<bool> SubscribeAsync(ChannelName channel)
    {
        lock (_gate)
        {
            if (_connection is not { } connection)
                return Task.FromResult(false);
            var feed = _feeds.TryGetValue(channel, out var known) ? known : Add(channel);
            feed.LeaveAt = 0;
            if (feed.IsLeaving || feed.HasFailed || feed.Flowing is { IsCompletedSuccessfully: true, Result: false })
            {
                feed.IsLeaving = false;
                feed.Flowing = feed.AttachAsync(connection, before: feed.Flowing);
            }
            return feed.Flowing;
        }
    }

    public void Unsubscribe(ChannelName channel)
    {
        lock (_gate)
        {
            if (!_feeds.TryGetValue(channel, out var feed))
                return;
            feed.LeaveAt = Environment.TickCount64 + LingerMilliseconds;
            Queue(feed);
        }
    }

    public async Task<HistoryPage?> ReadAsync(ChannelName channel, HistoryQuery query)
    {
        if (_connection is not { } connection || await RedisHistory.ReadAsync(connection, channel, KeysOf(channel), query).ConfigureAwait(false) is not { } page)
            return null;
        ChannelFeed? feed;
        lock (_gate)
            _feeds.TryGetValue(channel, out feed);
        feed?.Check(page.Top);
        return RedisHistory.Decode(page);
    }

    public async Task<bool> JoinAsync(ChannelName channel, Protocol.Messages.PresentUser user) =>
        _connection is { } connection && await _presence.JoinAsync(connection, channel, user).ConfigureAwait(false);

    public Task LeaveAsync(ChannelName channel, string user) => _presence.LeaveAsync(_connection, channel, user);

    public async Task<Protocol.Messages.PresenceState?> PresenceAsync(ChannelName channel, int maxUsers) =>
        _connection is { } connection ? await _presence.ListAsync(connection, channel, maxUsers).ConfigureAwait(false) : null;

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            var deadline = Task.Delay(Farewell);
            await Task.WhenAny(_presence.LeaveAllAsync(connection), deadline).ConfigureAwait(false);
            while (connection.InFlight > 0 && !deadline.IsCompleted)
                await Task.Delay(20).ConfigureAwait(false);
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task<PublishResult> IssueAsync(ChannelName channel, byte[] body, byte[]? key)
    {
        if (_connection is not { } connection)
            return default;
        var keys = KeysOf(channel);
        byte[]? result = key is null ? null : keys.Result(key);
        if (channel.Namespace.Rules.HasHistory)
        {
            var position = await RedisHistory.AppendAsync(connection, channel, keys, body, result).ConfigureAwait(false);
            return new PublishResult(position is not null, position);
        }
        bool accepted = result is null
            ? await connection.PublishAsync(keys.Flow, body).ConfigureAwait(false)
            : await RedisHistory.PublishOnceAsync(connection, keys, body, result).ConfigureAwait(false);
        return new PublishResult(accepted, null);
    }

    /// <summary>One connection after the other.</summary>
    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_stop.IsCancellationRequested)
        {
            var connection = await RedisConnection.TryOpenAsync(_options, _metrics, _stop.Token).ConfigureAwait(false);
            if (connection is not null)
            {
                using var stopping = _stop.Token.Register(connection.Break);
                if (await TryResumeAsync(connection).ConfigureAwait(false))
                    await WatchAsync(connection).ConfigureAwait(false);
            }
            _connection = null;
            connection?.Dispose();
            await PauseAsync(Retry).ConfigureAwait(false);
        }
    }

    /// <summary>Up means: the pub/sub path works, and every feed is where its stream is.</summary>
    private async Task<bool> TryResumeAsync(RedisConnection connection)
    {
        if (!await connection.TryLoadScriptsAsync().ConfigureAwait(false)
            || !await connection.SubscribeAsync(_probe, _ => Volatile.Write(ref _heard, Environment.TickCount64)).ConfigureAwait(false))
            return false;
        await Task.WhenAll(Resume(connection)).ConfigureAwait(false);
        if (connection.Broken.IsCompleted)
            return false;
        if (_wasUp)
            _metrics.Reconnected();
        _wasUp = true;
        Volatile.Write(ref _heard, Environment.TickCount64);
        _connection = connection;
        return true;
    }

    /// <summary>Attaches the feeds that are wanted; the others went with the old connection.</summary>
    private List<Task> Resume(RedisConnection connection)
    {
        var attaching = new List<Task>();
        lock (_gate)
        {
            foreach (var feed in _feeds.Values.ToList())
            {
                if (feed.LeaveAt != 0)
                {
                    Remove(feed);
                    continue;
                }
                feed.IsLeaving = false;
                attaching.Add(feed.Flowing = feed.AttachAsync(connection, before: Task.CompletedTask));
            }
        }
        return attaching;
    }

    /// <summary>Returns when the connection is of no more use.</summary>
    private async Task WatchAsync(RedisConnection connection)
    {
        // Redis may have lost its data.
        var refreshing = _presence.RefreshAllAsync(connection);
        var checking = Task.CompletedTask;
        while (!connection.Broken.IsCompleted)
        {
            long now = Environment.TickCount64;
            if (now - Volatile.Read(ref _heard) > SilenceMilliseconds)
                return;
            _ = connection.PublishAsync(_probe, []);
            LeaveUnwanted(connection, now);
            if (refreshing.IsCompleted)
                refreshing = _presence.RefreshAsync(connection, now);
            if (checking.IsCompleted)
                checking = CheckAsync(connection, now);
            await Task.WhenAny(connection.Broken, PauseAsync(_tick)).ConfigureAwait(false);
        }
    }

    /// <summary>Compares positions, which also keeps those of quiet channels alive.</summary>
    private Task CheckAsync(RedisConnection connection, long now)
    {
        lock (_gate)
            return Task.WhenAll(_checks.Take(now).Select(feed => CheckAsync(connection, feed)));
    }

    private static async Task CheckAsync(RedisConnection connection, ChannelFeed feed)
    {
        if (await RedisHistory.ReadAsync(connection, feed.Channel, feed.Keys, HistoryQuery.PositionOnly, inTurn: true).ConfigureAwait(false) is { } page)
            feed.Check(page.Top);
    }

    private void LeaveUnwanted(RedisConnection connection, long now)
    {
        lock (_gate)
        {
            while (_unwanted.TryPeek(out var first) && first.LeaveAt <= now)
            {
                var feed = _unwanted.Dequeue().Feed;
                feed.IsQueued = false;
                if (feed.IsGone || feed.LeaveAt == 0)
                    continue;
                if (feed.LeaveAt > now)
                {
                    Queue(feed);
                    continue;
                }
                feed.IsLeaving = true;
                feed.Flowing = feed.DetachAsync(connection, before: feed.Flowing);
                _ = LeaveAsync(feed, feed.Flowing);
            }
        }
    }

    /// <summary>The feed stays until it has left, so that a subscribe meanwhile comes after.</summary>
    private async Task LeaveAsync(ChannelFeed feed, Task<bool> leaving)
    {
        await leaving.ConfigureAwait(false);
        lock (_gate)
        {
            if (!feed.IsGone && ReferenceEquals(feed.Flowing, leaving))
                Remove(feed);
        }
    }

    private void Queue(ChannelFeed feed)
    {
        if (feed.IsQueued)
            return;
        feed.IsQueued = true;
        _unwanted.Enqueue((feed, feed.LeaveAt));
    }

    private ChannelFeed Add(ChannelName channel)
    {
        var feed = new ChannelFeed(channel, new RedisKeys(_prefix, channel), _sink, _metrics);
        _feeds.Add(channel, feed);
        if (channel.Namespace.Rules.HasHistory)
            _checks.Add(feed);
        if (channel.Namespace.Rules.Presence)
            _presence.Watch(channel);
        _metrics.Subscribed(1);
        return feed;
    }

    private void Remove(ChannelFeed feed)
    {
        _feeds.Remove(feed.Channel);
        feed.IsGone = true;
        if (feed.Channel.Namespace.Rules.Presence)
            _presence.Unwatch(feed.Channel);
        _metrics.Subscribed(-1);
    }

    /// <summary>Ends early when the shard stops.</summary>
    private async Task PauseAsync(TimeSpan time) =>
        await Task.Delay(time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
