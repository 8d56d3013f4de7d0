using System.Globalization;
using System.Net;
using Gateway.Server.Clock;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The servers behind one connection: which of them take writes, and which has which slot. Read anew when that has changed. Safe for any
/// thread.
/// </summary>
internal sealed class RedisTopology(ConnectionMultiplexer multiplexer, TimeProvider time)
{
    /// <summary>The time between two readings: an error comes with every call until the library knows better.</summary>
    private const long RefreshMilliseconds = 500;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMilliseconds(500);

    private static readonly RedisMember[] Alone = [new("", "probe")];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, RedisMember> _known = [];
    private IReadOnlyList<RedisMember> _members = [];
    private long _refreshed = -RefreshMilliseconds;
    private Task _refreshing = Task.CompletedTask;

    public bool IsCluster { get; } = Servers(multiplexer).Any(server => server.ServerType == ServerType.Cluster);

    /// <summary>Whether all connected servers know sharded pub/sub, which came with Redis 7.</summary>
    public bool HasShardedPubSub =>
        IsCluster && Servers(multiplexer).Where(server => server.IsConnected).All(server => server.Version.Major >= 7);

    /// <summary>The servers' addresses, those that a cluster named included.</summary>
    public EndPoint[] EndPoints => multiplexer.GetEndPoints();

    /// <summary>The masters that have slots, as the servers said last; or the only server.</summary>
    public IReadOnlyList<RedisMember> Members()
    {
        if (!IsCluster)
            return Alone;
        if (Configuration() is { } configuration)
        {
            var masters = configuration.Nodes.Where(node => !node.IsReplica && node.EndPoint is not null && node.Slots.Count > 0);
            _members = [.. masters.Select(Member)];
        }
        return _members;
    }

    /// <summary>A connected server that takes writes; null for none.</summary>
    public EndPoint? Master() => Servers(multiplexer).FirstOrDefault(server => server.IsConnected && !server.IsReplica)?.EndPoint;

    /// <summary>Of a cluster, the master that has a name's slot, as the servers said last; null for none.</summary>
    public EndPoint? MasterOf(byte[] name) => Configuration()?.GetBySlot(multiplexer.HashSlot(name))?.EndPoint;

    /// <summary>Has the library ask the servers which of them has which slot.</summary>
    public Task RefreshAsync()
    {
        lock (_gate)
        {
            if (_refreshing.IsCompleted && time.GetMilliseconds() - _refreshed >= RefreshMilliseconds)
                StartReading();
            return _refreshing;
        }
    }

    /// <summary>Asks a server itself whether it is a master. A server that says nothing may be one.</summary>
    public async Task<bool> MayBeMasterAsync(EndPoint server)
    {
        try
        {
            var asking = multiplexer.GetServer(server).ExecuteAsync("INFO", "replication");
            string? answer = (string?)await asking.WaitAsync(AnswerTimeout, time).ConfigureAwait(false);
            return answer?.Contains("role:slave", StringComparison.Ordinal) != true;
        }
        catch (Exception)
        {
            // The gateway may not ask, or the server does not answer. The subscription that follows shows whether it works.
            return true;
        }
    }

    /// <summary>Waits until the servers have been asked at or after a moment.</summary>
    /// <param name="moment">By <see cref="TimeProviderExtensions.GetMilliseconds"/>.</param>
    public async Task RefreshedSinceAsync(long moment)
    {
        while (true)
        {
            Task refreshing;
            bool suffices;
            lock (_gate)
            {
                if (_refreshing.IsCompleted)
                {
                    if (_refreshed >= moment)
                        return;
                    StartReading();
                }
                (refreshing, suffices) = (_refreshing, _refreshed >= moment);
            }
            await refreshing.ConfigureAwait(false);
            if (suffices)
                return;
        }
    }

    private void StartReading() => (_refreshed, _refreshing) = (time.GetMilliseconds(), Task.Run(ReadAsync));

    private async Task ReadAsync()
    {
        try
        {
            await multiplexer.ConfigureAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // No server answered; the next error asks again.
        }
    }

    /// <summary>The cluster as a connected server described it last; null where none did.</summary>
    private ClusterConfiguration? Configuration()
    {
        foreach (var server in Servers(multiplexer))
        {
            if (server.IsConnected && server.ClusterConfiguration is { } configuration)
                return configuration;
        }
        return null;
    }

    private RedisMember Member(ClusterNode node)
    {
        string name = node.EndPoint!.ToString()!;
        lock (_gate)
        {
            if (!_known.TryGetValue(name, out var member) || !Has(node, member.Key))
                _known[name] = member = new RedisMember(name, KeyOf(node));
            return member;
        }
    }

    /// <summary>Finds a key in a slot of the node: slots are many and servers few, so one of the first tries fits.</summary>
    private string KeyOf(ClusterNode node)
    {
        for (int i = 0; ; i++)
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"probe:{{{i}}}");
            if (Has(node, key))
                return key;
        }
    }

    private bool Has(ClusterNode node, string key)
    {
        int slot = multiplexer.HashSlot(key);
        return node.Slots.Any(range => range.From <= slot && slot <= range.To);
    }

    private static IEnumerable<IServer> Servers(ConnectionMultiplexer multiplexer) =>
        multiplexer.GetEndPoints().Select(endpoint => multiplexer.GetServer(endpoint));
}
