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
/// <remarks>Lock order: the channel table's, then this one; no feed's lock is taken under it.</remarks>
internal sealed class RedisShard : IAsyncDisposable
{
    private const long LingerMilliseconds = 3_000;
    private const long SilenceMilliseconds = 5_000;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, ChannelFeed> _feeds = new(ChannelNameComparer.Instance);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConfigurationOptions _options;
    private readonly string _prefix;
    private readonly byte[] _probe;
    private readonly BackplaneMetrics _metrics;
    private readonly RedisPresence _presence;
    private readonly RedisPublisher _publisher;
    private readonly IBackplaneSink _sink;
    private Task _running = Task.CompletedTask;
    private long _heard;
    private bool _wasUp;
    private volatile RedisConnection? _connection;

    public RedisShard(RedisServerAddress address, GatewayOptions options, TimeProvider time, BackplaneMetrics metrics, IBackplaneSink sink)
    {
        _options = address.Configuration();
        Name = address.Name;
        _prefix = options.Redis.Prefix;
        _probe = Encoding.UTF8.GetBytes($"{_prefix}:probe:{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
        _metrics = metrics;
        _sink = sink;
        _presence = new RedisPresence(_prefix, options.Presence.TimeToLive);
        _publisher = new RedisPublisher(_prefix, time, metrics);
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

    public ValueTask<PublishResult> PublishAsync(ChannelName channel, in PublishRequest request)
    {
        if (_connection is { } connection)
            return _publisher.PublishAsync(connection, channel, request);
        _metrics.Published(1, accepted: false);
        return default;
    }

    /// <summary>Called under the channel table's lock: nothing but issuing happens before it returns.</summary>
    public Task<bool> SubscribeAsync(ChannelName channel)
    {
        lock (_gate)
        {
            if (_connection is not { } connection)
                return Task.FromResult(false);
            if (!_feeds.TryGetValue(channel, out var feed))
            {
                _feeds.Add(channel, feed = new ChannelFeed(channel, new RedisKeys(_prefix, channel), _sink, _metrics));
                _metrics.Subscribed(1);
            }
            feed.LeaveAt = 0;
            if (feed.Flowing.IsCompleted && !(feed.Flowing.IsCompletedSuccessfully && feed.Flowing.Result))
                feed.Flowing = feed.AttachAsync(connection);
            return feed.Flowing;
        }
    }

    public void Unsubscribe(ChannelName channel)
    {
        lock (_gate)
        {
            if (_feeds.TryGetValue(channel, out var feed))
                feed.LeaveAt = Environment.TickCount64 + LingerMilliseconds;
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
        var connection = _connection;
        if (connection is not null)
        {
            await _presence.LeaveAllAsync(connection).ConfigureAwait(false);
            for (int i = 0; i < 100 && connection.InFlight > 0; i++)
                await Task.Delay(20).ConfigureAwait(false);
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>One connection after the other.</summary>
    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_stop.IsCancellationRequested)
        {
            var connection = await RedisConnection.TryOpenAsync(_options, _metrics).ConfigureAwait(false);
            if (connection is not null && await TryResumeAsync(connection).ConfigureAwait(false))
                await WatchAsync(connection).ConfigureAwait(false);
            _connection = null;
            connection?.Dispose();
            await PauseAsync(Retry).ConfigureAwait(false);
        }
    }

    /// <summary>Up means: the pub/sub path works, and every feed is where its stream is.</summary>
    private async Task<bool> TryResumeAsync(RedisConnection connection)
    {
        if (!await connection.TryLoadScriptsAsync().ConfigureAwait(false)
            || !await connection.SubscribeAsync(_probe, (_, _) => Volatile.Write(ref _heard, Environment.TickCount64)).ConfigureAwait(false))
            return false;
        foreach (var feeds in Feeds().Chunk(512))
        {
            var attached = await Task.WhenAll(feeds.Select(feed => feed.AttachAsync(connection))).ConfigureAwait(false);
            if (attached.Contains(false))
                return false;
        }
        lock (_gate)
        {
            foreach (var feed in _feeds.Values)
                feed.Flowing = Task.FromResult(true);
            Volatile.Write(ref _heard, Environment.TickCount64);
            _connection = connection;
        }
        if (_wasUp)
            _metrics.Reconnected();
        _wasUp = true;
        return true;
    }

    /// <summary>Returns when the connection is of no more use.</summary>
    private async Task WatchAsync(RedisConnection connection)
    {
        long refresh = 0, check = Environment.TickCount64;
        Task refreshing = Task.CompletedTask;
        while (!_stop.IsCancellationRequested && !connection.Broken.IsCompleted)
        {
            long now = Environment.TickCount64;
            if (now - Volatile.Read(ref _heard) > SilenceMilliseconds)
                return;
            _ = connection.PublishAsync(_probe, []);
            LeaveUnwanted(now);
            if (now >= refresh && refreshing.IsCompleted)
            {
                refresh = now + (long)_presence.Period.TotalMilliseconds;
                refreshing = _presence.RefreshAsync(connection, Feeds().Where(feed => feed.Channel.Namespace.Rules.Presence).Select(feed => feed.Channel));
            }
            if (now - check > 60_000 && refreshing.IsCompleted)
            {
                check = now;
                refreshing = CheckAsync();
            }
            await Task.WhenAny(connection.Broken, PauseAsync(_presence.Period < Tick ? _presence.Period : Tick)).ConfigureAwait(false);
        }
    }

    /// <summary>Compares positions, which also keeps those of quiet channels alive.</summary>
    private async Task CheckAsync()
    {
        foreach (var feed in Feeds().Where(feed => feed.Channel.Namespace.Rules.HasHistory))
            await ReadAsync(feed.Channel, HistoryQuery.PositionOnly).ConfigureAwait(false);
    }

    private void LeaveUnwanted(long now)
    {
        List<ChannelFeed> left = [];
        lock (_gate)
        {
            foreach (var feed in _feeds.Values.Where(feed => feed.LeaveAt != 0 && feed.LeaveAt <= now).ToList())
            {
                _feeds.Remove(feed.Channel);
                left.Add(feed);
            }
        }
        foreach (var feed in left)
        {
            feed.Detach();
            _metrics.Subscribed(-1);
        }
    }

    private ChannelFeed[] Feeds()
    {
        lock (_gate)
            return [.. _feeds.Values];
    }

    /// <summary>Ends early when the shard stops.</summary>
    private async Task PauseAsync(TimeSpan time) =>
        await Task.Delay(time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
