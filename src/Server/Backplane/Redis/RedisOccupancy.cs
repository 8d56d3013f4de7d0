using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// This node's share of occupancy on one shard. Redis counts the nodes that have a name, and gives each change to one of them to deliver. A
/// node refreshes its names before they expire; so the names of a node that died become vacant by themselves, and another node delivers the
/// changes that it had pending. Safe for any thread.
/// </summary>
/// <remarks>
/// The names are in buckets, the same on all nodes, and the keys of a bucket have one hash tag. So the names are spread over a cluster, and
/// one call carries many of them.
/// </remarks>
internal sealed class RedisOccupancy
{
    /// <summary>Enough for each master of a cluster to get its share, and few calls in a period, which is seconds.</summary>
    private const int Buckets = 64;

    /// <summary>Calls under way at a time, so that subscribing does not wait for all.</summary>
    private const int MaxCalls = 16;

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(10);

    private readonly OccupancyBucket[] _buckets;
    private readonly PeriodicQueue<OccupancyBucket> _refreshes;
    private readonly CallQueue _turns = new(MaxCalls);
    private readonly IOccupancySink _sink;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly string _node = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly long _expiry;
    private readonly long _absence;
    private volatile RedisConnection? _connection;

    public RedisOccupancy(string prefix, TimeSpan timeToLive, IOccupancySink sink, TimeProvider time, ILogger log)
    {
        (_sink, _time, _log) = (sink, time, log);
        var period = timeToLive / 4;
        // A name of a node that died is vacant within the time to live: the expiry and the period of removing the expired are less
        // together.
        _expiry = (long)(timeToLive.TotalMilliseconds * 2 / 3);
        // A name that is refreshed every period cannot expire before that.
        _absence = _expiry - (long)period.TotalMilliseconds;
        _refreshes = new PeriodicQueue<OccupancyBucket>(time, period, static _ => false);
        _buckets = [.. Enumerable.Range(0, Buckets).Select(number => new OccupancyBucket(prefix, number, Start))];
        foreach (var bucket in _buckets)
            _refreshes.Add(bucket);
    }

    /// <param name="name">The name with its kind.</param>
    /// <param name="hash">The name's hash, which is the same on all nodes.</param>
    public void Enter(string name, ulong hash) => _buckets[hash % Buckets].Enter(name);

    /// <param name="name">The name with its kind.</param>
    /// <param name="hash">The name's hash, which is the same on all nodes.</param>
    public void Leave(string name, ulong hash) => _buckets[hash % Buckets].Leave(name);

    /// <summary>Sends everything again on a new connection: Redis may have lost its data, or this node the answers.</summary>
    public void Resume(RedisConnection connection)
    {
        _connection = connection;
        foreach (var bucket in _buckets)
            bucket.Refresh();
    }

    /// <summary>The connection is lost.</summary>
    public void Interrupt() => _connection = null;

    /// <summary>Refreshes the buckets whose turn has come, and repeats what Redis did not take. Called by one thread at a time.</summary>
    public void Refresh()
    {
        foreach (var bucket in _refreshes.TakeDue())
            bucket.Refresh();
        foreach (var bucket in _buckets)
            Start(bucket);
    }

    /// <summary>Gives up all names before the node stops. Completes when Redis has everything, or cannot be reached.</summary>
    public Task LeaveAllAsync()
    {
        foreach (var bucket in _buckets)
            bucket.LeaveAll();
        return SettleAsync();
    }

    /// <summary>Completes when Redis has everything, or cannot be reached.</summary>
    public async Task SettleAsync()
    {
        while (_connection is { } connection && !connection.Broken.IsCompleted && !_buckets.All(bucket => bucket.IsIdle))
            await Task.Delay(PollPeriod, _time).ConfigureAwait(false);
    }

    private void Start(OccupancyBucket bucket)
    {
        if (_connection is { } connection && bucket.TryBegin())
            _ = RunAsync(connection, bucket);
    }

    private async Task RunAsync(RedisConnection connection, OccupancyBucket bucket)
    {
        // The caller that woke the bucket may hold a lock.
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
            // The answer is none of the script's, or the gateway has a fault. Everything is sent again at the next tick.
            RedisLog.UnusableOccupancy(_log, failure);
            return false;
        }
    }

    private Task<RedisResult?> CallAsync(RedisConnection connection, OccupancyBucket bucket, IReadOnlyList<OccupancyUpdate> updates)
    {
        var values = new RedisValue[4 + (3 * updates.Count)];
        (values[0], values[1], values[2], values[3]) = (_node, _absence, _expiry, bucket.LooksAfterOthers ? 1 : 0);
        for (int i = 0; i < updates.Count; i++)
        {
            var (operation, name, version) = updates[i];
            (values[4 + (3 * i)], values[5 + (3 * i)], values[6 + (3 * i)]) = (operation, Encoding.UTF8.GetBytes(name), version);
        }
        return connection.CallInTurnAsync(OccupancyScript.Update, bucket.Keys, values);
    }
}
