using Gateway.Server.Backplane.Redis.Publishing;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// One of the Redis servers or clusters that share the channels, with its connection, which is probed and replaced when it fails. Safe for
/// any thread.
/// </summary>
internal sealed class RedisShard : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>The delay after a server of the wrong kind, which stays what it is until an operator starts another in its place.</summary>
    private static readonly TimeSpan UnusableRetryDelay = TimeSpan.FromSeconds(2);

    /// <summary>How long users may take to leave, and calls to be answered, when the node stops. The users that are left expire.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan StopPollPeriod = TimeSpan.FromMilliseconds(20);

    private readonly TimeSpan _tick;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly RedisConnector _connector;
    private readonly string _prefix;
    private readonly RedisProbes _probes;
    private readonly BackplaneMetrics _metrics;
    private readonly BrokenRecords _broken;
    private readonly RedisPresence _presence;
    private readonly RedisPublisher _publisher;
    private readonly RedisChannelReaders _readers;
    private readonly ILogger _log;
    private readonly TaskCompletionSource<string?> _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private bool _wasUp;
    private volatile string? _fault;
    private volatile RedisConnection? _connection;

    /// <param name="address">The address of the server or cluster.</param>
    /// <param name="options">The node's settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">Counts the calls.</param>
    /// <param name="broken">Counts the records that cannot be read.</param>
    /// <param name="sink">Takes messages and presence changes.</param>
    /// <param name="occupancy">Takes changes of occupancy; null where no application wants them.</param>
    /// <param name="log">The log.</param>
    public RedisShard(
        RedisServerAddress address, GatewayOptions options, TimeProvider time, BackplaneMetrics metrics, BrokenRecords broken,
        IBackplaneSink sink, IOccupancySink? occupancy, ILogger log)
    {
        Name = address.Name;
        _connector = new RedisConnector(address, time, metrics, log, reason => RedisLog.Unreachable(log, address.Name, reason));
        _prefix = options.Redis.Prefix;
        _probes = new RedisProbes(_prefix, time);
        (_time, _metrics, _broken, _log) = (time, metrics, broken, log);
        _presence = new RedisPresence(_prefix, options.Presence.TimeToLive, sink, time, broken);
        Occupancy = occupancy is null ? null : new RedisOccupancy(_prefix, options.Presence.TimeToLive, occupancy, time, log);
        _publisher = new RedisPublisher(_prefix, time, metrics);
        _readers = new RedisChannelReaders(_prefix, sink, time, metrics, broken, _presence);
        _tick = TimeSpan.FromMilliseconds(Math.Clamp(_presence.Period.TotalMilliseconds / 4, 50, 1000));
    }

    public string Name { get; }

    /// <summary>What the server is, and why it can never be used; null where nothing is wrong with it.</summary>
    public string? Fault => _fault;

    /// <summary>Completes with <see cref="Fault"/> when the first attempt has checked the server, or has failed.</summary>
    public Task<string?> FirstAttempt => _firstAttempt.Task;

    /// <summary>Null where no application wants changes of occupancy.</summary>
    public RedisOccupancy? Occupancy { get; }

    /// <summary>Whether requests reach Redis and are answered.</summary>
    public bool IsUp => Answering is not null && !_probes.AreSilent;

    /// <summary>The masters of a cluster that do not answer while others do; empty when the shard is not up at all.</summary>
    public IReadOnlyList<string> Silent => IsUp ? _probes.Silent : [];

    /// <summary>The connection for calls that a client waits for; null while Redis does not answer.</summary>
    private RedisConnection? Answering => _connection is { IsSilent: false } connection ? connection : null;

    public void Start() => _running = RunAsync();

    public ValueTask<PublishResult> PublishAsync(ChannelName channel, in PublishRequest request)
    {
        if (Answering is { } connection)
            return _publisher.PublishAsync(connection, channel, request);
        _metrics.Published(1, PublishOutcome.Refused);
        return default;
    }

    /// <summary>
    /// Starts the delivery of a channel. Called under the channel table's lock, so it only sends the command before it returns.
    /// </summary>
    public Task<bool> SubscribeAsync(ChannelName channel) =>
        Answering is { } connection ? _readers.SubscribeAsync(connection, channel) : Task.FromResult(false);

    public void Unsubscribe(ChannelName channel) => _readers.Unsubscribe(channel);

    public async Task<HistoryPage?> ReadAsync(ChannelName channel, HistoryQuery query)
    {
        // Only subscribers rely on the position of a channel without messages. For other readers nothing is left in Redis.
        var reader = _readers.Find(channel);
        var keys = reader?.Keys ?? new RedisKeys(_prefix, channel);
        if (Answering is not { } connection)
            return null;
        var reading = RedisHistory.ReadAsync(connection, channel, keys, query, keep: reader is not null);
        if (await reading.ConfigureAwait(false) is not { } page)
            return null;
        _broken.Drop(RecordKind.History, page.Broken);
        reader?.Check(page.Top);
        return RedisHistory.Decode(page);
    }

    public async Task<bool> JoinAsync(ChannelName channel, Protocol.Messages.PresentUser user) =>
        Answering is { } connection && await _presence.JoinAsync(connection, channel, user).ConfigureAwait(false);

    public Task LeaveAsync(ChannelName channel, string user) => _presence.LeaveAsync(_connection, channel, user);

    public async Task<PresenceSnapshot?> PresenceAsync(ChannelName channel, int maxUsers) =>
        Answering is { } connection ? await _presence.ListAsync(connection, channel, maxUsers).ConfigureAwait(false) : null;

    public async Task<PresenceSnapshot?> RepairPresenceAsync(ChannelName channel, int maxUsers) =>
        _connection is { } connection ? await _presence.RepairAsync(connection, channel, maxUsers).ConfigureAwait(false) : null;

    public async ValueTask DisposeAsync()
    {
        // A silent Redis is not waited for.
        if (Answering is { } connection)
        {
            var deadline = Task.Delay(StopTimeout, _time);
            var leaving = Task.WhenAll(_presence.LeaveAllAsync(connection), Occupancy?.LeaveAllAsync() ?? Task.CompletedTask);
            await Task.WhenAny(leaving, deadline).ConfigureAwait(false);
            while (connection.InFlight > 0 && !deadline.IsCompleted)
                await Task.Delay(StopPollPeriod, _time).ConfigureAwait(false);
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        // An attempt to connect to a silent Redis takes until its timeout, which the node does not wait for.
        await _running.WaitAsync(StopTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Serves one connection after the other until the shard stops.</summary>
    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_stop.IsCancellationRequested)
        {
            if (await _connector.TryOpenAsync(_stop.Token).ConfigureAwait(false) is { } connection)
                await ServeAsync(connection).ConfigureAwait(false);
            else
                _fault = null;
            _firstAttempt.TrySetResult(null);
            await PauseAsync(_fault is null ? RetryDelay : UnusableRetryDelay).ConfigureAwait(false);
        }
        await _connector.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Uses a connection until it is broken.</summary>
    private async Task ServeAsync(RedisConnection connection)
    {
        using var stopping = _stop.Token.Register(() => connection.Break("stopping"));
        bool resumed = false;
        try
        {
            resumed = await TryResumeAsync(connection).ConfigureAwait(false);
            if (resumed)
            {
                _connector.OnUsed(connection);
                RedisLog.Up(_log, Name);
                await WatchAsync(connection).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            // A fault of the gateway's own must not keep the server away.
            RedisLog.Failure(_log, failure, Name);
            connection.Break("failure");
        }
        _connection = null;
        Occupancy?.Interrupt();
        // A fault of the server has been logged already.
        if (_fault is null)
            _connector.OnEnded(connection, _stop.Token);
        connection.Dispose();
        _readers.Interrupt();
        if (resumed && !_stop.IsCancellationRequested)
            RedisLog.Lost(_log, Name, await connection.Broken.ConfigureAwait(false));
    }

    /// <summary>Checks the server before it gets anything of a client: some servers speak Redis's protocol and do something else.</summary>
    private async Task<bool> IsUsableAsync(RedisConnection connection)
    {
        string? fault = await connection.FindFaultAsync(_prefix).ConfigureAwait(false);
        if (fault is not null && fault != _fault)
            RedisLog.Unusable(_log, Name, fault);
        _fault = fault;
        _firstAttempt.TrySetResult(fault);
        return fault is null;
    }

    /// <summary>Brings the shard up: writing and the way through pub/sub work, and every reader has caught up with its stream.</summary>
    private async Task<bool> TryResumeAsync(RedisConnection connection)
    {
        if (!await IsUsableAsync(connection).ConfigureAwait(false)
            || !await connection.TryLoadScriptsAsync().ConfigureAwait(false)
            || !await _probes.SubscribeAsync(connection).ConfigureAwait(false))
            return false;
        // A server that takes no writes breaks the connection.
        await Task.WhenAll(_probes.SendAsync(connection), connection.IdentifyAsync()).ConfigureAwait(false);
        if (connection.Broken.IsCompleted)
            return false;
        await _readers.ResumeAsync(connection).ConfigureAwait(false);
        if (connection.Broken.IsCompleted)
            return false;
        if (_wasUp)
            _metrics.Reconnected();
        _wasUp = true;
        _probes.Restart();
        _probes.Send(connection);
        _connection = connection;
        return true;
    }

    /// <summary>Does at each tick what comes due, until the connection is broken.</summary>
    private async Task WatchAsync(RedisConnection connection)
    {
        // Redis may have lost its data.
        var refreshing = _presence.RefreshAllAsync(connection);
        Occupancy?.Resume(connection);
        var checking = Task.CompletedTask;
        var comparing = Task.CompletedTask;
        while (!connection.Broken.IsCompleted)
        {
            if (_probes.AreSilent || _probes.HasSilentChannel)
                connection.Break("silence");
            else if (_probes.Silent.Count > 0)
                _ = connection.Topology.RefreshAsync();
            _ = connection.IdentifyAsync();
            _connector.Check(connection);
            // A master that has taken over may lack what the one before had delivered.
            if (_probes.Send(connection))
                _ = _readers.CheckAllAsync();
            _readers.LeaveUnwanted(connection);
            if (refreshing.IsCompleted)
                refreshing = _presence.RefreshDueAsync(connection);
            Occupancy?.Refresh();
            if (checking.IsCompleted)
                checking = _readers.CheckDueAsync();
            if (comparing.IsCompleted)
                comparing = _presence.CheckDueAsync(connection);
            await Task.WhenAny(connection.Broken, PauseAsync(_tick)).ConfigureAwait(false);
        }
    }

    /// <summary>Waits, but no longer than until the shard stops.</summary>
    private async Task PauseAsync(TimeSpan wait) =>
        await Task.Delay(wait, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
