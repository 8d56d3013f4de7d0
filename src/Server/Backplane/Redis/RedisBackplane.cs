using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The backplane that joins nodes through one or more Redis servers, each with its share of the channels. Safe for any thread.
/// </summary>
internal sealed class RedisBackplane(
    GatewayOptions options, TimeProvider time, BackplaneMetrics metrics, BrokenRecords broken, ILogger<RedisBackplane> log,
    IOccupancySink? occupancy = null) : IBackplane, IOccupancy
{
    /// <summary>How long the node's occupancy may take to be removed from Redis before the node stops.</summary>
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a start waits for the first attempts to connect: as long as one attempt may take.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<RedisServerAddress> _addresses = RedisServerAddress.AllOf(options.Redis);
    private RedisShard[] _shards = [];
    private ulong[] _seeds = [];

    public string Description => "Redis at " + string.Join("; ", _addresses.Select(address => address.Name));

    public string? Problem => _shards.Any(shard => shard.IsUp) ? null : Away;

    public string? Degradation
    {
        get
        {
            string[] away = [.. _shards.Where(shard => !shard.IsUp).Select(Describe), .. _shards.SelectMany(shard => shard.Silent)];
            return away.Length > 0 && _shards.Any(shard => shard.IsUp) ? NoConnection(away) : null;
        }
    }

    private string Away => NoConnection(_shards.Where(shard => !shard.IsUp).Select(Describe));

    public async ValueTask StartAsync(IBackplaneSink sink, CancellationToken cancellation)
    {
        _seeds = [.. _addresses.Select(address => Hash(Encoding.UTF8.GetBytes(address.Name)))];
        _shards = [.. _addresses.Select(address => new RedisShard(address, options, time, metrics, broken, sink, occupancy, log))];
        foreach (var shard in _shards)
            shard.Start();
        var attempts = Task.WhenAll(_shards.Select(shard => shard.FirstAttempt));
        await ((Task)attempts).WaitAsync(StartTimeout, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        // A server that is away may come. A server of the wrong kind is a mistake in the settings, which would go unnoticed later.
        string[] unusable =
        [
            .. _shards.Where(shard => shard.Fault is not null).Select(shard => $"Redis at {shard.Name} is refused: {shard.Fault}."),
        ];
        if (unusable.Length > 0)
            throw new UnusableBackplaneException(string.Join(Environment.NewLine, unusable));
    }

    public ValueTask<PublishResult> PublishAsync(ChannelName channel, in PublishRequest request) =>
        ShardOf(channel).PublishAsync(channel, request);

    public ValueTask<bool> SubscribeAsync(ChannelName channel) => new(ShardOf(channel).SubscribeAsync(channel));

    public void Unsubscribe(ChannelName channel) => ShardOf(channel).Unsubscribe(channel);

    public ValueTask<HistoryPage?> ReadAsync(ChannelName channel, HistoryQuery query) => new(ShardOf(channel).ReadAsync(channel, query));

    public ValueTask<bool> JoinAsync(ChannelName channel, PresentUser user, string connection) =>
        new(ShardOf(channel).JoinAsync(channel, user));

    public ValueTask LeaveAsync(ChannelName channel, string user, string connection) => new(ShardOf(channel).LeaveAsync(channel, user));

    public ValueTask<PresenceSnapshot?> PresenceAsync(ChannelName channel, int maxUsers) =>
        new(ShardOf(channel).PresenceAsync(channel, maxUsers));

    public ValueTask<PresenceSnapshot?> RepairPresenceAsync(ChannelName channel, int maxUsers) =>
        new(ShardOf(channel).RepairPresenceAsync(channel, maxUsers));

    bool IOccupancy.Tracks(OccupancyKind kind) => occupancy?.Wants(kind) == true;

    void IOccupancy.Enter(OccupancyKind kind, string name)
    {
        ulong hash = Hash(Encoding.UTF8.GetBytes(name));
        ShardOf(hash).Occupancy?.Enter(OccupancyName.With(kind, name), hash);
    }

    void IOccupancy.Leave(OccupancyKind kind, string name)
    {
        ulong hash = Hash(Encoding.UTF8.GetBytes(name));
        ShardOf(hash).Occupancy?.Leave(OccupancyName.With(kind, name), hash);
    }

    async ValueTask IOccupancy.LeaveAllAsync() =>
        await Task.WhenAll(_shards.Select(shard => shard.Occupancy?.LeaveAllAsync() ?? Task.CompletedTask))
            .WaitAsync(LeaveTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public async ValueTask DisposeAsync()
    {
        // All at once, so that a server that hangs costs the others no time.
        await Task.WhenAll(_shards.Select(shard => shard.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    private static string Describe(RedisShard shard) => shard.Fault is { } fault ? $"{shard.Name} ({fault})" : shard.Name;

    private static string NoConnection(IEnumerable<string> servers) => "no connection to Redis at " + string.Join("; ", servers);

    /// <summary>
    /// The shard of a channel, by rendezvous hashing: a server that comes or goes moves only its own share. The hash is the same on every
    /// node, so it is not seeded.
    /// </summary>
    private RedisShard ShardOf(ChannelName channel) => _shards.Length == 1 ? _shards[0] : ShardOf(Hash(channel.Utf8));

    private RedisShard ShardOf(ulong hash)
    {
        int best = 0;
        for (int i = 1; i < _shards.Length; i++)
        {
            if (Mix(hash ^ _seeds[i]) > Mix(hash ^ _seeds[best]))
                best = i;
        }
        return _shards[best];
    }

    /// <summary>FNV-1a.</summary>
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte value in bytes)
            hash = (hash ^ value) * 1099511628211;
        return hash;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
