using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.Server.Options;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Safe for any thread. One life of the connection to a Redis server or cluster: once <see cref="Broken"/>, it is replaced, never
/// mended, so that there is one way back for every kind of failure. Calls are pipelined and bounded in number and bytes: those a
/// client waits for are refused beyond that, those the node makes for itself wait their turn.
/// </summary>
internal sealed partial class RedisConnection : IDisposable
{
    private const string Durable = "+";
    private const string NotDurable = "-";

    private const int MaxCalls = 4096;
    private const long MaxBytes = 64 << 20;

    /// <summary>After this the caller is told that there was no answer.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromMilliseconds(1500);

    /// <summary>After this a call that had its turn, and so few before it, proves that the connection is of no more use: as silence for so long does.</summary>
    private static readonly TimeSpan QueuedCallTimeout = TimeSpan.FromSeconds(5);

    /// <summary>For a cluster to say who has what, within <see cref="CallTimeout"/>: the library waits longer for servers that are gone.</summary>
    private const int RefreshMilliseconds = 500;

    /// <summary>For all who listen to channels of a slot that moved to be where it is now: they are told when it goes, and take a few ms.</summary>
    private const int MoveMilliseconds = 100;

    private readonly CallQueue _turns = new();
    private readonly TaskCompletionSource<string> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConnectionMultiplexer _multiplexer;
    private readonly IDatabase _database;
    private readonly RedisSubscriptions _subscriptions;
    private readonly BackplaneMetrics _metrics;
    private readonly ILogger _log;
    private int _refused;
    private int _calls;
    private long _answered;
    private bool _isSilent;
    private long _bytes;
    private string _durable = NotDurable;
    private string _server = NotDurable;

    private RedisConnection(ConnectionMultiplexer multiplexer, RedisServerAddress address, BackplaneMetrics metrics, ILogger log)
    {
        _log = log;
        _multiplexer = multiplexer;
        _metrics = metrics;
        _database = multiplexer.GetDatabase();
        Topology = new RedisTopology(multiplexer);
        bool isSharded = address.ShardedPubSub switch
        {
            ShardedPubSub.Auto => Topology.HasShardedPubSub,
            ShardedPubSub.On => Topology.IsCluster,
            _ => false,
        };
        _subscriptions = new RedisSubscriptions(Topology, address, isSharded);
        multiplexer.ConnectionFailed += (_, failure) => OnFailed(failure);
    }

    /// <summary>The servers it leads to.</summary>
    public RedisTopology Topology { get; }

    /// <summary>Whether a message reaches only who listens at the server that has its channel's slot: then a name is subscribed to there.</summary>
    public bool IsSharded => _subscriptions.IsSharded;

    /// <summary>Completes when the connection is of no more use, with the reason.</summary>
    public Task<string> Broken => _broken.Task;

    /// <summary>
    /// For scripts: what a lone server was known by the last time it was asked; otherwise '+' where it confirms nothing before it is on disk, and so
    /// comes back from a restart with all of it, else '-'.
    /// </summary>
    public string Server => Volatile.Read(ref _server);

    /// <summary>
    /// Whether a call had no answer in time and nothing else was answered meanwhile. Whoever a client waits for need not ask until there is an answer
    /// again, which the probe brings; so not every request waits as long as the first.
    /// </summary>
    public bool IsSilent => Volatile.Read(ref _isSilent);

    /// <summary>Commands not answered yet.</summary>
    public int InFlight => Volatile.Read(ref _calls);

    /// <summary>Whether messages flow over it. Until then, what Redis refuses is no news of its own: it is why the connection is of no use.</summary>
    public bool IsUsed { get; set; }

    /// <summary>What Redis refused last.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Null when the server cannot be reached: the attempt knows why.</summary>
    public static async Task<RedisConnection?> TryOpenAsync(
        RedisAttempt attempt, RedisServerAddress address, BackplaneMetrics metrics, ILogger log, CancellationToken cancellation)
    {
        var connecting = ConnectionMultiplexer.ConnectAsync(attempt.Options);
        try
        {
            var multiplexer = await connecting.WaitAsync(TimeSpan.FromSeconds(5), cancellation).ConfigureAwait(false);
            if (multiplexer.IsConnected)
            {
                var connection = new RedisConnection(multiplexer, address, metrics, log);
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
        // One that comes too late would go on connecting for good.
        _ = connecting.ContinueWith(late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        return null;
    }

    /// <summary>Finds out what the rest relies on.</summary>
    /// <returns>Null, or why it is of no use.</returns>
    private async Task<string?> BeginAsync()
    {
        if (await _subscriptions.OpenAsync().ConfigureAwait(false) is { } problem)
            return problem;
        _ = BreakWithPubSubAsync();
        if (await ReadIsDurableAsync().ConfigureAwait(false))
            _server = _durable = Durable;
        return null;
    }

    /// <summary>Where pub/sub comes by one connection, its end is the end of all.</summary>
    private async Task BreakWithPubSubAsync() => Break("pub/sub: " + await _subscriptions.Ended.ConfigureAwait(false));

    public void Break(string reason) => _broken.TrySetResult(reason);

    /// <summary>Gives the scripts to every server, so that the first calls find them. One that does not take them, as it may be read-only, gets them with a call.</summary>
    /// <returns>False when none took them.</returns>
    public async Task<bool> TryLoadScriptsAsync()
    {
        var servers = _multiplexer.GetEndPoints().Select(endpoint => _multiplexer.GetServer(endpoint)).Where(server => server.IsConnected);
        var loads = servers.SelectMany(server => RedisScripts.All.Select(script => FinishAsync(() => server.ScriptLoadAsync(Variant(script).Text), 0)));
        return (await Task.WhenAll(loads).ConfigureAwait(false)).Any(load => load.Value is not null);
    }

    /// <summary>Asks a lone server who it is: it may have become another, as seen from the data, without a connection's end.</summary>
    public async Task IdentifyAsync()
    {
        if (Topology.EndPoints.Length > 1 || await CallAsync(RedisScripts.Identify, [], [_durable]).ConfigureAwait(false) is not { } answer)
            return;
        if ((string?)answer is { Length: > 0 } identity)
            Volatile.Write(ref _server, identity);
    }

    /// <summary>With several servers, as in a cluster, another may take over that lacks the last writes.</summary>
    private async Task<bool> ReadIsDurableAsync()
    {
        if (Topology.EndPoints.Length > 1)
            return false;
        var settings = await Task.WhenAll(ReadSettingAsync("appendonly"), ReadSettingAsync("appendfsync")).ConfigureAwait(false);
        return settings is ["yes", "always"];
    }

    /// <returns>Null where Redis does not say, as some providers' do not.</returns>
    private async Task<string?> ReadSettingAsync(string name) =>
        (await FinishAsync(() => _database.ExecuteAsync("CONFIG", "GET", name), 0).ConfigureAwait(false)).Value is { IsNull: false } answer
            && (RedisResult[])answer! is [_, var value] ? (string?)value : null;

    /// <summary>Null when there was no answer: the script ran, or did not.</summary>
    /// <param name="script">Called by its hash.</param>
    /// <param name="keys">All of one channel.</param>
    /// <param name="values">The arguments.</param>
    /// <param name="bytes">What the call is counted as.</param>
    /// <param name="waited">How long the caller's caller has been waiting.</param>
    public async Task<RedisResult?> CallAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, int bytes = 0, TimeSpan waited = default) =>
        (await FinishAsync(() => EvaluateAsync(script, keys, values, Deadline(CallTimeout - waited)), bytes, waited).ConfigureAwait(false)).Value;

    /// <summary>As <see cref="CallAsync"/>, for a script that publishes: tells a refusal from the lack of an answer.</summary>
    public Task<RedisAnswer<RedisResult>> PublishAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, int bytes, TimeSpan waited) =>
        FinishAsync(() => EvaluateAsync(script, keys, values, Deadline(CallTimeout - waited)), bytes, waited);

    public async Task<PublishOutcome> PublishAsync(byte[] channel, byte[] value, TimeSpan waited = default) =>
        (await FinishAsync(() => SendAsync(channel, value, Deadline(CallTimeout - waited)), value.Length, waited).ConfigureAwait(false)).Outcome;

    /// <summary>
    /// As <see cref="CallAsync"/>, but never refused for being too many. Null: Redis refused it, or the connection is of no more use. A server of a
    /// cluster that does not answer says nothing of the others, and has a probe of its own.
    /// </summary>
    public Task<RedisResult?> CallInTurnAsync(RedisScript script, RedisKey[] keys, RedisValue[] values) =>
        InTurnAsync(() => EvaluateAsync(script, keys, values, Deadline(QueuedCallTimeout)), breaks: !Topology.IsCluster);

    /// <summary>From now on the channel's handler is called for one message after the other, in Redis's order.</summary>
    /// <returns>False when Redis refused or did not answer.</returns>
    public async Task<bool> SubscribeAsync(PubSubChannel channel)
    {
        string problem = await InTurnAsync(() => TrySubscribeAsync(channel), breaks: false).ConfigureAwait(false) ?? "no answer";
        if (problem.Length == 0)
            return true;
        Refusal = RedisAttempt.Clean(problem);
        LogNotSubscribed(_log, Refusal);
        return false;
    }

    /// <summary>Where pub/sub is sharded: nothing is listened to at servers other than these.</summary>
    public void ListenAt(IReadOnlyCollection<string> masters) => _subscriptions.KeepTo(masters);

    /// <summary>What still arrives is dropped.</summary>
    public Task UnsubscribeAsync(PubSubChannel channel) => InTurnAsync(() => Boxed(channel.UnsubscribeAsync()), breaks: false);

    /// <summary>Redis answered with an error, to a whole call or to a part of it.</summary>
    public void Refuse(string error)
    {
        // The first says what is wrong; a full Redis refuses thousands a second.
        string refusal = RedisAttempt.Clean(error);
        Refusal = refusal;
        LogRefused(_log, IsUsed && Interlocked.Exchange(ref _refused, 1) == 0 ? LogLevel.Warning : LogLevel.Debug, refusal);
        // A server that does not do it now never will: another is looked for. A cluster says which, and was asked.
        if (!Topology.IsCluster && RedisErrors.IsMisplaced(error))
            Break(error);
    }

    public void Dispose()
    {
        Break("closed");
        _subscriptions.Dispose();
        // Closing may wait for the socket, and nobody is to wait for that.
        _ = Task.Run(_multiplexer.Dispose);
    }

    /// <summary>Of a cluster, or of several addresses of which one was never reached, one connection that fails says nothing of the others.</summary>
    private void OnFailed(ConnectionFailedEventArgs failure)
    {
        if (Topology.IsCluster)
            _ = Topology.RefreshAsync();
        else if (failure.FailureType != ConnectionFailureType.UnableToConnect)
            Break(failure.FailureType.ToString());
    }

    /// <returns>Empty when it was done, or why not.</returns>
    private async Task<string> TrySubscribeAsync(PubSubChannel channel) => await _subscriptions.SubscribeAsync(channel).ConfigureAwait(false) ?? "";

    private static long Deadline(TimeSpan timeout) => Environment.TickCount64 + (long)timeout.TotalMilliseconds;

    private async Task<T?> InTurnAsync<T>(Func<Task<T>> issue, bool breaks) where T : class
    {
        Action? late = breaks ? () => Break("no answer") : null;
        return (await _turns.RunAsync(() => AnswerAsync(issue, 0, QueuedCallTimeout, late)).ConfigureAwait(false)).Value;
    }

    /// <param name="issue">Makes the call.</param>
    /// <param name="bytes">What it is counted as.</param>
    /// <param name="waited">How much of the caller's timeout is used up.</param>
    private Task<RedisAnswer<T>> FinishAsync<T>(Func<Task<T>> issue, int bytes, TimeSpan waited = default) where T : class
    {
        if (waited >= CallTimeout || Volatile.Read(ref _calls) >= MaxCalls || Volatile.Read(ref _bytes) > MaxBytes)
            return Task.FromResult(RedisAnswer<T>.Refused);
        return AnswerAsync(issue, bytes, CallTimeout - waited, late: null);
    }

    private async Task<RedisAnswer<T>> AnswerAsync<T>(Func<Task<T>> issue, int bytes, TimeSpan timeout, Action? late) where T : class
    {
        if (Broken.IsCompleted)
            return RedisAnswer<T>.Refused;
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _bytes, bytes);
        _metrics.CallStarted();
        long start = TimeProvider.System.GetTimestamp();
        try
        {
            var answer = await CountedAsync(issue, bytes).WaitAsync(timeout).ConfigureAwait(false);
            _metrics.RoundTrip(TimeProvider.System.GetElapsedTime(start));
            return new RedisAnswer<T>(PublishOutcome.Accepted, answer);
        }
        catch (RedisServerException refused)
        {
            Refuse(refused.Message);
            return RedisAnswer<T>.Refused;
        }
        catch (RedisConnectionException unsent)
            when (unsent.FailureType is ConnectionFailureType.UnableToResolvePhysicalConnection or ConnectionFailureType.UnableToConnect)
        {
            // The library had no connection to give the call to, or a server sent it on to one that cannot be reached.
            if (Topology.IsCluster)
                _ = Topology.RefreshAsync();
            else
                late?.Invoke();
            return RedisAnswer<T>.Refused;
        }
        catch (Exception)
        {
            // Whatever else the client library throws, and it throws many kinds, means that there is no answer.
            if (Volatile.Read(ref _answered) < start)
                Volatile.Write(ref _isSilent, true);
            late?.Invoke();
            return RedisAnswer<T>.Unconfirmed;
        }
    }

    /// <summary>A call nobody waits for any more still counts: it holds memory until the library lets go of it.</summary>
    private async Task<T> CountedAsync<T>(Func<Task<T>> issue, int bytes)
    {
        try
        {
            var answer = await issue().ConfigureAwait(false);
            Heard();
            return answer;
        }
        catch (RedisServerException)
        {
            Heard();
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
            Interlocked.Add(ref _bytes, -bytes);
            _metrics.CallEnded();
        }
    }

    private void Heard()
    {
        Volatile.Write(ref _answered, TimeProvider.System.GetTimestamp());
        if (IsSilent)
            Volatile.Write(ref _isSilent, false);
    }

    private static async Task<object> Boxed(Task task)
    {
        await task.ConfigureAwait(false);
        return task;
    }

    [LoggerMessage(EventId = 60, Message = "Redis refused a command: {Error}. Further ones on this connection are logged as Debug.")]
    private static partial void LogRefused(ILogger log, LogLevel level, string error);

    [LoggerMessage(69, LogLevel.Debug, "A pub/sub channel cannot be subscribed to: {Problem}.")]
    private static partial void LogNotSubscribed(ILogger log, string problem);
}
