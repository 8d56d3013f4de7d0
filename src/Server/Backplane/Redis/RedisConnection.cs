using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.Server.Clock;
using Gateway.Server.Options;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// One connection to a Redis server or cluster. Once it is <see cref="Broken"/>, it is replaced and never mended, so that there is one way
/// back from every kind of failure. Safe for any thread.
/// </summary>
internal sealed class RedisConnection : IDisposable
{
    private const string Durable = "+";
    private const string NotDurable = "-";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<string> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConnectionMultiplexer _multiplexer;
    private readonly RedisCommands _commands;
    private readonly RedisCalls _calls;
    private readonly RedisSubscriptions _subscriptions;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private int _isRefusalLogged;
    private string _durability = NotDurable;
    private string _server = NotDurable;

    private RedisConnection(
        ConnectionMultiplexer multiplexer, RedisServerAddress address, TimeProvider time, BackplaneMetrics metrics, ILogger log)
    {
        _multiplexer = multiplexer;
        (_time, _log) = (time, log);
        Topology = new RedisTopology(multiplexer, time);
        bool isSharded = address.ShardedPubSub switch
        {
            ShardedPubSub.Auto => Topology.HasShardedPubSub,
            ShardedPubSub.On => Topology.IsCluster,
            _ => false,
        };
        _commands = new RedisCommands(multiplexer.GetDatabase(), Topology, isSharded, time);
        _calls = new RedisCalls(Topology, time, metrics, Broken, Refuse);
        _subscriptions = new RedisSubscriptions(Topology, address, isSharded, time);
        multiplexer.ConnectionFailed += (_, failure) => OnFailed(failure);
    }

    /// <summary>The servers that the connection leads to.</summary>
    public RedisTopology Topology { get; }

    /// <summary>Whether a message reaches only the subscribers at the server that has its channel's slot.</summary>
    public bool IsSharded => _subscriptions.IsSharded;

    /// <summary>Completes when the connection is of no more use, with the reason.</summary>
    public Task<string> Broken => _broken.Task;

    /// <summary>
    /// What the scripts know the server by: the identity of a lone server when it was asked last; otherwise '+' where the server confirms
    /// nothing before it is on disk, so that a restart loses nothing, else '-'.
    /// </summary>
    public string Server => Volatile.Read(ref _server);

    /// <inheritdoc cref="RedisCalls.IsSilent"/>
    public bool IsSilent => _calls.IsSilent;

    /// <inheritdoc cref="RedisCalls.InFlight"/>
    public int InFlight => _calls.InFlight;

    /// <summary>
    /// Whether messages are delivered over the connection. Before that, a refusal is the reason why the connection is of no use, and is not
    /// logged by itself.
    /// </summary>
    public bool IsUsed { get; set; }

    /// <summary>The last error that Redis answered.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Connects.</summary>
    /// <returns>Null when the server cannot be reached: the attempt knows why.</returns>
    public static async Task<RedisConnection?> TryOpenAsync(
        RedisAttempt attempt, RedisServerAddress address, TimeProvider time, BackplaneMetrics metrics, ILogger log,
        CancellationToken cancellation)
    {
        var connecting = ConnectionMultiplexer.ConnectAsync(attempt.Options);
        try
        {
            var multiplexer = await connecting.WaitAsync(ConnectTimeout, time, cancellation).ConfigureAwait(false);
            if (multiplexer.IsConnected)
            {
                var connection = new RedisConnection(multiplexer, address, time, metrics, log);
                if (await connection.BeginAsync().ConfigureAwait(false) is not { } problem)
                    return connection;
                connection.Dispose();
                attempt.Fail(new IOException(problem));
                return null;
            }
        }
        catch (Exception failure)
        {
            // Refused, no such host, wrong password, no answer: all are tried again, and readiness says that Redis is away.
            attempt.Fail(failure);
        }
        // A connection that comes too late would go on connecting for good.
        _ = connecting.ContinueWith(
            late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        return null;
    }

    public void Break(string reason) => _broken.TrySetResult(reason);

    /// <summary>
    /// Checks that every server that takes writes does what the gateway needs. Called once, before anything of a client is sent.
    /// </summary>
    /// <param name="prefix">The prefix of the key that the check uses and deletes again.</param>
    /// <returns>Why a server can never be used; null where nothing is wrong, or no answer says so.</returns>
    public async Task<string?> FindFaultAsync(string prefix)
    {
        var faults = await Task.WhenAll(Topology.Members().Select(member => FindFaultAsync(prefix, member))).ConfigureAwait(false);
        return faults.FirstOrDefault(fault => fault is not null);
    }

    /// <summary>
    /// Gives the scripts to every server, so that the first calls find them. A server that does not take them, as it may be read-only, gets
    /// each with a call.
    /// </summary>
    /// <returns>False when no server took them.</returns>
    public async Task<bool> TryLoadScriptsAsync()
    {
        var servers = _multiplexer.GetEndPoints().Select(endpoint => _multiplexer.GetServer(endpoint)).Where(server => server.IsConnected);
        var loads = servers.SelectMany(server => RedisScripts.All.Select(
            script => _calls.CallAsync(() => server.ScriptLoadAsync(_commands.Variant(script).Text), 0)));
        return (await Task.WhenAll(loads).ConfigureAwait(false)).Any(load => load.Value is not null);
    }

    /// <summary>Reads the identity of a lone server: other data may have taken its place without a connection's end.</summary>
    public async Task IdentifyAsync()
    {
        if (Topology.EndPoints.Length > 1)
            return;
        var answer = await CallAsync(PositionScripts.Identify, [], [_durability]).ConfigureAwait(false);
        if ((string?)answer is { Length: > 0 } identity)
            Volatile.Write(ref _server, identity);
    }

    /// <summary>Runs a script for a client.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keys">Keys of one channel only.</param>
    /// <param name="values">The arguments.</param>
    /// <param name="bytes">What the call is counted as.</param>
    /// <param name="waited">How long the client has been waiting.</param>
    /// <returns>Null when there was no answer: the script ran, or did not.</returns>
    public async Task<RedisResult?> CallAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] values, int bytes = 0, TimeSpan waited = default) =>
        (await PublishAsync(script, keys, values, bytes, waited).ConfigureAwait(false)).Value;

    /// <summary>As <see cref="CallAsync"/>, for a script that publishes: tells a refusal from the lack of an answer.</summary>
    public Task<RedisAnswer<RedisResult>> PublishAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] values, int bytes, TimeSpan waited) =>
        _calls.CallAsync(() => _commands.EvaluateAsync(script, keys, values, After(RedisCalls.CallTimeout - waited)), bytes, waited);

    /// <summary>Publishes without a script.</summary>
    public async Task<PublishOutcome> PublishAsync(byte[] channel, byte[] value, TimeSpan waited = default)
    {
        var call = _calls.CallAsync(
            () => _commands.PublishAsync(channel, value, After(RedisCalls.CallTimeout - waited)), value.Length, waited);
        return (await call.ConfigureAwait(false)).Outcome;
    }

    /// <summary>
    /// As <see cref="CallAsync"/>, for the node itself: never refused for being too many. Null means that Redis refused the script or that
    /// the connection is broken. A server of a cluster that does not answer says nothing of the others, and has a probe of its own.
    /// </summary>
    public Task<RedisResult?> CallInTurnAsync(RedisScript script, RedisKey[] keys, RedisValue[] values) =>
        _calls.QueueAsync(
            () => _commands.EvaluateAsync(script, keys, values, After(RedisCalls.QueuedCallTimeout)),
            unanswered: Topology.IsCluster ? null : () => Break("no answer"));

    /// <summary>Subscribes: from now on the channel's handler gets one message after the other, in Redis's order.</summary>
    /// <returns>False when Redis refused or did not answer.</returns>
    public async Task<bool> SubscribeAsync(PubSubChannel channel)
    {
        string problem = await _calls.QueueAsync(() => TrySubscribeAsync(channel), unanswered: null).ConfigureAwait(false) ?? "no answer";
        if (problem.Length == 0)
            return true;
        Refusal = RedisAttempt.Clean(problem);
        RedisLog.NotSubscribed(_log, Refusal);
        return false;
    }

    /// <summary>Unsubscribes. Messages that still arrive are dropped.</summary>
    public Task UnsubscribeAsync(PubSubChannel channel) => _calls.QueueAsync(() => UnsubscribedAsync(channel), unanswered: null);

    /// <summary>Where pub/sub is sharded, ends the connections to all other servers.</summary>
    public void ListenAt(IReadOnlyCollection<string> masters) => _subscriptions.KeepTo(masters);

    /// <summary>Takes note of an error that Redis answered, to a whole call or to a part of it.</summary>
    public void Refuse(string error)
    {
        string refusal = RedisAttempt.Clean(error);
        Refusal = refusal;
        // The first refusal says what is wrong; a full Redis refuses thousands a second.
        bool isNews = IsUsed && Interlocked.Exchange(ref _isRefusalLogged, 1) == 0;
        RedisLog.Refused(_log, isNews ? LogLevel.Warning : LogLevel.Debug, refusal);
        // A server that cannot do it now never will, so another is looked for. A cluster names the right server itself.
        if (!Topology.IsCluster && RedisErrors.IsMisplaced(error))
            Break(error);
    }

    public void Dispose()
    {
        Break("closed");
        _subscriptions.Dispose();
        // Closing may wait for the socket, and no caller should wait for that.
        _ = Task.Run(_multiplexer.Dispose);
    }

    /// <summary>Opens pub/sub, and reads whether the server is durable.</summary>
    /// <returns>Null, or why the connection is of no use.</returns>
    private async Task<string?> BeginAsync()
    {
        if (await _subscriptions.OpenAsync().ConfigureAwait(false) is { } problem)
            return problem;
        _ = BreakWithPubSubAsync();
        if (await IsDurableAsync().ConfigureAwait(false))
            _server = _durability = Durable;
        return null;
    }

    /// <summary>Where pub/sub comes by one connection, the end of that connection is the end of this one.</summary>
    private async Task BreakWithPubSubAsync() => Break("pub/sub: " + await _subscriptions.Ended.ConfigureAwait(false));

    /// <summary>
    /// Whether the server confirms nothing before it is on disk. Of several servers, one that lacks the last writes may take over.
    /// </summary>
    private async Task<bool> IsDurableAsync()
    {
        if (Topology.EndPoints.Length > 1)
            return false;
        var settings = await Task.WhenAll(ReadSettingAsync("appendonly"), ReadSettingAsync("appendfsync")).ConfigureAwait(false);
        return settings is ["yes", "always"];
    }

    /// <returns>Null where Redis does not say, as those of some providers do not.</returns>
    private async Task<string?> ReadSettingAsync(string name)
    {
        var answer = await _calls.CallAsync(() => _commands.ExecuteAsync("CONFIG", "GET", name), 0).ConfigureAwait(false);
        return answer.Value is { IsNull: false } value && (RedisResult[])value! is [_, var setting] ? (string?)setting : null;
    }

    private async Task<string?> FindFaultAsync(string prefix, RedisMember member)
    {
        try
        {
            RedisKey[] keys = [$"{prefix}:{member.Key}:check"];
            var checking = _commands.EvaluateAsync(RedisRequirements.Check, keys, [], After(RedisCalls.CallTimeout));
            return RedisRequirements.FindFault(await checking.WaitAsync(RedisCalls.CallTimeout, _time).ConfigureAwait(false));
        }
        catch (RedisServerException refused)
        {
            var info = await _calls.CallAsync(() => _commands.ExecuteAsync("INFO", "server"), 0).ConfigureAwait(false);
            return RedisRequirements.FindFault((string?)info.Value ?? "", refused.Message);
        }
        catch (Exception)
        {
            // Without an answer nothing is known of the server, and the first call will fail soon enough.
            return null;
        }
    }

    /// <summary>
    /// Of a cluster, and of several addresses of which one was never reached, one connection that fails says nothing of the others.
    /// </summary>
    private void OnFailed(ConnectionFailedEventArgs failure)
    {
        if (Topology.IsCluster)
            _ = Topology.RefreshAsync();
        else if (failure.FailureType != ConnectionFailureType.UnableToConnect)
            Break(failure.FailureType.ToString());
    }

    private long After(TimeSpan timeout) => _time.GetMilliseconds() + (long)timeout.TotalMilliseconds;

    /// <returns>Empty when the channel is subscribed to, or why it is not.</returns>
    private async Task<string> TrySubscribeAsync(PubSubChannel channel) =>
        await _subscriptions.SubscribeAsync(channel).ConfigureAwait(false) ?? "";

    private static async Task<object> UnsubscribedAsync(PubSubChannel channel)
    {
        await channel.UnsubscribeAsync().ConfigureAwait(false);
        return channel;
    }
}
