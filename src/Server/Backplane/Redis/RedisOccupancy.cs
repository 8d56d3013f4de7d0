using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// This node's share of occupancy on one shard. Redis counts the nodes that have a name, and says to one of them what changed. A node says
/// again what it has before that expires; so the names of a node that died become vacant by themselves, and what it had yet to tell another
/// one tells. Safe for any thread.
/// </summary>
/// <remarks>
/// The names are in buckets, the same on all nodes, each with keys of one hash tag: so they are spread over a cluster, and many go with one
/// call.
/// </remarks>
internal sealed partial class RedisOccupancy
{
    /// <summary>In a cluster each master gets its share; and in a period, which is seconds, this many calls are nothing.</summary>
    private const int Buckets = 64;

    /// <summary>Calls under way, lest subscribing wait for all.</summary>
    private const int MaxCalls = 16;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    private readonly OccupancyBucket[] _buckets;
    private readonly PeriodicQueue<OccupancyBucket> _refreshes;
    private readonly CallQueue _turns = new(MaxCalls);
    private readonly IOccupancySink _sink;
    private readonly ILogger _log;
    private readonly string _node = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly long _expiry;
    private readonly long _absence;
    private volatile RedisConnection? _connection;

    public RedisOccupancy(string prefix, TimeSpan timeToLive, IOccupancySink sink, ILogger log)
    {
        (_sink, _log) = (sink, log);
        // With the period of refreshing and of looking after others, a quarter of the time to live, still within the time to live.
        _expiry = (long)(timeToLive.TotalMilliseconds * 2 / 3);
        var period = timeToLive / 4;
        // Before this no place that is refreshed every period expires.
        _absence = _expiry - (long)period.TotalMilliseconds;
        _refreshes = new PeriodicQueue<OccupancyBucket>(period.TotalMilliseconds, static _ => false);
        _buckets = [.. Enumerable.Range(0, Buckets).Select(number => new OccupancyBucket(prefix, number, Start))];
        foreach (var bucket in _buckets)
            _refreshes.Add(bucket);
    }

    /// <param name="name">With its kind.</param>
    /// <param name="hash">The same on all nodes.</param>
    public void Enter(string name, ulong hash) => _buckets[hash % Buckets].Enter(name);

    /// <param name="name">With its kind.</param>
    /// <param name="hash">The same on all nodes.</param>
    public void Leave(string name, ulong hash) => _buckets[hash % Buckets].Leave(name);

    /// <summary>Says everything again, on a new connection: Redis may have lost its data, or this node's answers.</summary>
    public void Resume(RedisConnection connection)
    {
        _connection = connection;
        foreach (var bucket in _buckets)
            bucket.Refresh();
    }

    /// <summary>The connection is of no more use.</summary>
    public void Interrupt() => _connection = null;

    /// <summary>Called by one thread at a time. Says again what is in the buckets whose turn it is, and what Redis did not take.</summary>
    public void Refresh(long now)
    {
        foreach (var bucket in _refreshes.Take(now))
            bucket.Refresh();
        foreach (var bucket in _buckets)
            Start(bucket);
    }

    /// <summary>Before the node stops. Completes when Redis has heard of everything, or cannot be reached.</summary>
    public Task LeaveAllAsync()
    {
        foreach (var bucket in _buckets)
            bucket.LeaveAll();
        return SettleAsync();
    }

    /// <summary>Completes when Redis has heard of everything, or cannot be reached.</summary>
    public async Task SettleAsync()
    {
        while (_connection is { } connection && !connection.Broken.IsCompleted && !_buckets.All(bucket => bucket.IsIdle))
            await Task.Delay(Step).ConfigureAwait(false);
    }

    private void Start(OccupancyBucket bucket)
    {
        if (_connection is { } connection && bucket.TryBegin())
            _ = RunAsync(connection, bucket);
    }

    private async Task RunAsync(RedisConnection connection, OccupancyBucket bucket)
    {
        // Whoever woke the bucket may hold a lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (bucket.Take() is { } taken)
        {
            var answer = await _turns.RunAsync(() => CallAsync(connection, bucket, taken)).ConfigureAwait(false);
            if (answer is not null && TryNotify(bucket, taken, answer))
                continue;
            bucket.Return(taken);
            return;
        }
    }

    private bool TryNotify(OccupancyBucket bucket, IReadOnlyList<OccupancyUpdate> taken, RedisResult answer)
    {
        try
        {
            foreach (var change in bucket.Complete(taken, answer))
                _sink.OnChange(change);
            return true;
        }
        catch (Exception failure)
        {
            // An answer that is none of the script's, or a fault of the gateway's own: it is all said again at the next tick.
            LogFailure(_log, failure);
            return false;
        }
    }

    private Task<RedisResult?> CallAsync(RedisConnection connection, OccupancyBucket bucket, IReadOnlyList<OccupancyUpdate> statements)
    {
        var values = new RedisValue[4 + (3 * statements.Count)];
        (values[0], values[1], values[2], values[3]) = (_node, _absence, _expiry, bucket.LooksAfterOthers ? 1 : 0);
        for (int i = 0; i < statements.Count; i++)
        {
            var (what, name, version) = statements[i];
            (values[4 + (3 * i)], values[5 + (3 * i)], values[6 + (3 * i)]) = (what, Encoding.UTF8.GetBytes(name), version);
        }
        return connection.CallInTurnAsync(OccupancyScript.Update, bucket.Keys, values);
    }

    [LoggerMessage(70, LogLevel.Error, "Redis's answer about occupied channels and users cannot be used.")]
    private static partial void LogFailure(ILogger log, Exception failure);
}
