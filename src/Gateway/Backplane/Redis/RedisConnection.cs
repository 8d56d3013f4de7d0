using StackExchange.Redis;

namespace Gateway.Backplane.Redis;

/// <summary>
/// Safe for any thread. One life of the connection to a Redis server or cluster: once <see cref="Broken"/>, it is replaced, never
/// mended, so that there is one way back for every kind of failure. Calls are pipelined and bounded in number and bytes.
/// </summary>
internal sealed class RedisConnection : IDisposable
{
    private const int MaxCalls = 4096;
    private const long MaxBytes = 64 << 20;

    /// <summary>After this the caller is told that there was no answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1500);

    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConnectionMultiplexer _multiplexer;
    private readonly IDatabase _database;
    private readonly ISubscriber _subscriber;
    private readonly BackplaneMetrics _metrics;
    private int _calls;
    private long _bytes;

    private RedisConnection(ConnectionMultiplexer multiplexer, BackplaneMetrics metrics)
    {
        _multiplexer = multiplexer;
        _metrics = metrics;
        _database = multiplexer.GetDatabase();
        _subscriber = multiplexer.GetSubscriber();
        multiplexer.ConnectionFailed += (_, failure) =>
        {
            // A cluster node that was never reached says nothing about the others.
            if (failure.FailureType != ConnectionFailureType.UnableToConnect)
                Break();
        };
    }

    /// <summary>Completes when the connection is of no more use.</summary>
    public Task Broken => _broken.Task;

    /// <summary>Commands not answered yet.</summary>
    public int InFlight => Volatile.Read(ref _calls);

    /// <summary>Null when the server cannot be reached.</summary>
    public static async Task<RedisConnection?> TryOpenAsync(ConfigurationOptions options, BackplaneMetrics metrics)
    {
        ConnectionMultiplexer? multiplexer = null;
        try
        {
            multiplexer = await ConnectionMultiplexer.ConnectAsync(options.Clone()).WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
            if (multiplexer.IsConnected)
                return new RedisConnection(multiplexer, metrics);
        }
        catch (Exception)
        {
            // Refused, no such host, wrong password, no answer: all are tried again, and readiness says that Redis is away.
        }
        multiplexer?.Dispose();
        return null;
    }

    public void Break() => _broken.TrySetResult();

    /// <summary>Scripts are there before the first call, so that calls made together keep their order.</summary>
    public async Task<bool> TryLoadScriptsAsync()
    {
        foreach (var script in RedisScripts.All)
        {
            foreach (var endpoint in _multiplexer.GetEndPoints())
            {
                var server = _multiplexer.GetServer(endpoint);
                if (server.IsConnected && !server.IsSlave && await FinishAsync(() => server.ScriptLoadAsync(script.Text), 0).ConfigureAwait(false) is null)
                    return false;
            }
        }
        return true;
    }

    /// <summary>Null when there was no answer: the script ran, or did not.</summary>
    /// <param name="script">Called by its hash.</param>
    /// <param name="keys">All of one channel.</param>
    /// <param name="values">The arguments.</param>
    /// <param name="bytes">What the call is counted as.</param>
    /// <param name="waited">How long the caller's caller has been waiting.</param>
    public async Task<RedisResult?> CallAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, int bytes = 0, TimeSpan waited = default) =>
        await FinishAsync(() => EvaluateAsync(script, keys, values), bytes, waited).ConfigureAwait(false);

    /// <remarks>The pub/sub channel is passed as a key, though the command has none: so a cluster gets it at the node that has the channel's slot, as it gets the scripts, and one node orders a channel.</remarks>
    public async Task<bool> PublishAsync(byte[] channel, byte[] value, TimeSpan waited = default) =>
        await FinishAsync(() => _database.ExecuteAsync("PUBLISH", (RedisKey)channel, value), value.Length, waited).ConfigureAwait(false) is not null;

    public async Task<bool> SubscribeAsync(byte[] channel, Action<RedisChannel, RedisValue> handler) =>
        await FinishAsync(() => Boxed(_subscriber.SubscribeAsync(Literal(channel), handler)), 0).ConfigureAwait(false) is not null;

    /// <summary>Asked for, not waited for: what still arrives is dropped by who got it.</summary>
    public void Unsubscribe(byte[] channel, Action<RedisChannel, RedisValue> handler) =>
        _ = FinishAsync(() => Boxed(_subscriber.UnsubscribeAsync(Literal(channel), handler)), 0);

    public void Dispose()
    {
        Break();
        // Closing may wait for the socket, and nobody is to wait for that.
        _ = Task.Run(_multiplexer.Dispose);
    }

    private async Task<RedisResult> EvaluateAsync(RedisScript script, RedisKey[] keys, RedisValue[] values)
    {
        try
        {
            return await _database.ScriptEvaluateAsync(script.Hash, keys, values).ConfigureAwait(false);
        }
        catch (RedisServerException refused) when (refused.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            object[] arguments = [script.Text, keys.Length, .. keys.Cast<object>(), .. values.Cast<object>()];
            return await _database.ExecuteAsync("EVAL", arguments).ConfigureAwait(false);
        }
    }

    /// <param name="issue">Makes the call.</param>
    /// <param name="bytes">What it is counted as.</param>
    /// <param name="waited">How much of the caller's patience is used up.</param>
    private async Task<T?> FinishAsync<T>(Func<Task<T>> issue, int bytes, TimeSpan waited = default) where T : class
    {
        if (Broken.IsCompleted || waited >= Patience || Volatile.Read(ref _calls) >= MaxCalls || Volatile.Read(ref _bytes) > MaxBytes)
            return null;
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _bytes, bytes);
        _metrics.CallStarted();
        long start = TimeProvider.System.GetTimestamp();
        try
        {
            var answer = await CountedAsync(issue, bytes).WaitAsync(Patience - waited).ConfigureAwait(false);
            _metrics.RoundTrip(TimeProvider.System.GetElapsedTime(start));
            return answer;
        }
        catch (Exception)
        {
            // Whatever the client library throws, and it throws many kinds, means that there is no answer.
            return null;
        }
    }

    /// <summary>A call nobody waits for any more still counts: it holds memory until the library lets go of it.</summary>
    private async Task<T> CountedAsync<T>(Func<Task<T>> issue, int bytes)
    {
        try
        {
            return await issue().ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
            Interlocked.Add(ref _bytes, -bytes);
            _metrics.CallEnded();
        }
    }

    private static async Task<object> Boxed(Task task)
    {
        await task.ConfigureAwait(false);
        return task;
    }

    private static RedisChannel Literal(byte[] name) => new(name, RedisChannel.PatternMode.Literal);
}
