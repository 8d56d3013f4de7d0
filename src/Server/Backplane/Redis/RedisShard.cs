using Gateway.Server.Backplane.Redis.Publishing;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Safe for any thread. One Redis server or cluster: its connection, which is probed and replaced when it fails.
/// </summary>
internal sealed partial class RedisShard : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>With a server of the wrong kind: it stays what it is until somebody starts another in its place.</summary>
    private static readonly TimeSpan UnusableRetryDelay = TimeSpan.FromSeconds(2);

    /// <summary>
    /// For users to leave and calls to be answered when the node stops; what is left expires. The drain has left time for it.
    /// </summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMilliseconds(500);

    private readonly TimeSpan _tick;

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
    private Task _running = Task.CompletedTask;
    private readonly TaskCompletionSource<string?> _looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _wasUp;
    private volatile string? _fault;
    private volatile RedisConnection? _connection;

    /// <param name="address">Of the server.</param>
    /// <param name="options">Of the node.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">Counts what is called.</param>
    /// <param name="broken">Counts what cannot be read.</param>
    /// <param name="sink">Takes what comes.</param>
    /// <param name="occupancy">Tells changes of occupancy; null where none is to be told.</param>
    /// <param name="log">The log.</param>
    public RedisShard(
        RedisServerAddress address, GatewayOptions options, TimeProvider time, BackplaneMetrics metrics, BrokenRecords broken,
        IBackplaneSink sink, IOccupancySink? occupancy, ILogger log)
    {
        Name = address.Name;
        _connector = new RedisConnector(address, metrics, log, reason => LogAway(log, address.Name, reason));
        _prefix = options.Redis.Prefix;
        _probes = new RedisProbes(_prefix);
        _metrics = metrics;
        _log = log;
        _broken = broken;
        _presence = new RedisPresence(_prefix, options.Presence.TimeToLive, sink, broken);
        Occupancy = occupancy is null ? null : new RedisOccupancy(_prefix, options.Presence.TimeToLive, occupancy, log);
        _publisher = new RedisPublisher(_prefix, time, metrics);
        _readers = new RedisChannelReaders(_prefix, sink, metrics, broken, _presence);
        _tick = TimeSpan.FromMilliseconds(Math.Clamp(_presence.Period.TotalMilliseconds / 4, 50, 1000));
    }

    public string Name { get; }

    /// <summary>What is there instead of a server that can be used, and why it cannot be; null where that is not so.</summary>
    public string? Fault => _fault;

    /// <summary>Completes when the first attempt has ended, or has come as far as to look at the server, with <see cref="Fault"/>.</summary>
    public Task<string?> Looked => _looked.Task;

    /// <summary>Null where no change of it is to be told.</summary>
    public RedisOccupancy? Occupancy { get; }

    /// <summary>Whether requests reach Redis and are answered.</summary>
    public bool IsUp => Answering is not null && !_probes.AreSilent;

    /// <summary>Of a cluster, the masters that do not answer while others do; empty when the shard is not up at all.</summary>
    public IReadOnlyList<string> Silent => IsUp ? _probes.Silent : [];

    /// <summary>The connection, for what a client waits for.</summary>
    private RedisConnection? Answering => _connection is { IsSilent: false } connection ? connection : null;

    public void Start() => _running = RunAsync();

    public ValueTask<PublishResult> PublishAsync(ChannelName channel, in PublishRequest request)
    {
        if (Answering is { } connection)
            return _publisher.PublishAsync(connection, channel, request);
        _metrics.Published(1, PublishOutcome.Refused);
        return default;
    }

    /// <summary>Called under the channel table's lock: nothing happens before it returns but asking.</summary>
    public Task<bool> SubscribeAsync(ChannelName channel) =>
        Answering is { } connection ? _readers.SubscribeAsync(connection, channel) : Task.FromResult(false);

    public void Unsubscribe(ChannelName channel) => _readers.Unsubscribe(channel);

    public async Task<HistoryPage?> ReadAsync(ChannelName channel, HistoryQuery query)
    {
        // Only a subscriber relies on the position of a channel without messages; for others nothing is to be left in Redis.
        var reader = _readers.Find(channel);
        var keys = reader?.Keys ?? new RedisKeys(_prefix, channel);
        if (Answering is not { } connection
            || await RedisHistory.ReadAsync(connection, channel, keys, query, keep: reader is not null).ConfigureAwait(false) is not { } page)
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
        // With a silent Redis there is nothing to wait for.
        if (Answering is { } connection)
        {
            var deadline = Task.Delay(StopTimeout);
            var leaving = Task.WhenAll(_presence.LeaveAllAsync(connection), Occupancy?.LeaveAllAsync() ?? Task.CompletedTask);
            await Task.WhenAny(leaving, deadline).ConfigureAwait(false);
            while (connection.InFlight > 0 && !deadline.IsCompleted)
                await Task.Delay(20).ConfigureAwait(false);
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        // Where it is just opening a connection to a silent Redis, it takes until that is given up; nobody needs to wait.
        await _running.WaitAsync(StopTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>One connection after the other.</summary>
    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_stop.IsCancellationRequested)
        {
            if (await _connector.TryOpenAsync(_stop.Token).ConfigureAwait(false) is { } connection)
                await ServeAsync(connection).ConfigureAwait(false);
            else
                _fault = null;
            _looked.TrySetResult(null);
            await PauseAsync(_fault is null ? RetryDelay : UnusableRetryDelay).ConfigureAwait(false);
        }
        await _connector.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Returns when the connection is of no more use.</summary>
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
                LogUp(_log, Name);
                await WatchAsync(connection).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            // A fault of the gateway's own: the server must not stay away because of it.
            LogFailure(_log, failure, Name);
            connection.Break("failure");
        }
        _connection = null;
        Occupancy?.Interrupt();
        // What is wrong with the server was told.
        if (_fault is null)
            _connector.OnEnded(connection, _stop.Token);
        connection.Dispose();
        _readers.Interrupt();
        if (resumed && !_stop.IsCancellationRequested)
            LogLost(_log, Name, await connection.Broken.ConfigureAwait(false));
    }

    /// <summary>Nothing of a client may go to a server that would make something else of it.</summary>
    private async Task<bool> IsUsableAsync(RedisConnection connection)
    {
        string? fault = await connection.FindFaultAsync(_prefix).ConfigureAwait(false);
        if (fault is not null && fault != _fault)
            LogUnusable(_log, Name, fault);
        _fault = fault;
        _looked.TrySetResult(fault);
        return fault is null;
    }

    /// <summary>Up means: writing and the pub/sub path work, and every reader is where its stream is.</summary>
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

    /// <summary>Returns when the connection is of no more use.</summary>
    private async Task WatchAsync(RedisConnection connection)
    {
        // Redis may have lost its data.
        var refreshing = _presence.RefreshAllAsync(connection);
        Occupancy?.Resume(connection);
        var checking = Task.CompletedTask;
        var comparing = Task.CompletedTask;
        while (!connection.Broken.IsCompleted)
        {
            long now = Environment.TickCount64;
            if (_probes.AreSilent || _probes.HasSilentChannel)
                connection.Break("silence");
            else if (_probes.Silent.Count > 0)
                _ = connection.Topology.RefreshAsync();
            _ = connection.IdentifyAsync();
            _connector.Check(connection);
            // A master that has taken over may lack what the one before had delivered.
            if (_probes.Send(connection))
                _ = _readers.CheckAllAsync();
            _readers.LeaveUnwanted(connection, now);
            if (refreshing.IsCompleted)
                refreshing = _presence.RefreshAsync(connection, now);
            Occupancy?.Refresh(now);
            if (checking.IsCompleted)
                checking = _readers.CheckAsync(now);
            if (comparing.IsCompleted)
                comparing = _presence.CheckAsync(connection, now);
            await Task.WhenAny(connection.Broken, PauseAsync(_tick)).ConfigureAwait(false);
        }
    }

    /// <summary>Ends early when the shard stops.</summary>
    private async Task PauseAsync(TimeSpan time) =>
        await Task.Delay(time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(66, LogLevel.Error, "Serving Redis at {Server} failed; it is connected to anew.")]
    private static partial void LogFailure(ILogger log, Exception failure, string server);

    [LoggerMessage(67, LogLevel.Error, "Redis at {Server} is refused: {Fault}.")]
    private static partial void LogUnusable(ILogger log, string server, string fault);

    [LoggerMessage(61, LogLevel.Information, "Redis at {Server} is there.")]
    private static partial void LogUp(ILogger log, string server);

    [LoggerMessage(62, LogLevel.Warning, "Redis at {Server} is lost: {Reason}.")]
    private static partial void LogLost(ILogger log, string server, string reason);

    [LoggerMessage(63, LogLevel.Warning, "Redis at {Server} is out of reach: {Reason}.")]
    private static partial void LogAway(ILogger log, string server, string reason);
}
