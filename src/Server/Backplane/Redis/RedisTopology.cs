using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>The servers behind one connection: which of them take writes, and reading that anew when it has changed. Safe for any thread.</summary>
internal sealed class RedisTopology(ConnectionMultiplexer multiplexer)
{
    /// <summary>Between two readings: an error comes with every call until the library knows better.</summary>
    private const long RefreshMilliseconds = 500;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMilliseconds(500);

    private static readonly RedisMember[] Alone = [new("", "probe")];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, RedisMember> _known = [];
    private IReadOnlyList<RedisMember> _members = [];
    private long _refreshed = -RefreshMilliseconds;
    private Task _refreshing = Task.CompletedTask;

    public bool IsCluster { get; } = Servers(multiplexer).Any(server => server.ServerType == ServerType.Cluster);

    /// <summary>Whether all servers that are there know sharded pub/sub, which came with Redis 7.</summary>
    public bool HasShardedPubSub => IsCluster && Servers(multiplexer).Where(server => server.IsConnected).All(server => server.Version.Major >= 7);

    /// <summary>Where the servers are, also those that a cluster named.</summary>
    public EndPoint[] EndPoints => multiplexer.GetEndPoints();

    /// <summary>The masters that have slots, as the servers said last; or the only server.</summary>
    public IReadOnlyList<RedisMember> Members()
    {
        if (!IsCluster)
            return Alone;
        foreach (var server in Servers(multiplexer))
        {
            if (server.IsConnected && server.ClusterConfiguration is { } configuration)
                return _members = [.. configuration.Nodes.Where(node => !node.IsReplica && node.EndPoint is not null && node.Slots.Count > 0).Select(Member)];
        }
        return _members;
    }

    /// <summary>A server that takes writes; null where none is connected.</summary>
    public EndPoint? Master() => Servers(multiplexer).FirstOrDefault(server => server.IsConnected && !server.IsReplica)?.EndPoint;

    /// <summary>Of a cluster, the master that has a name's slot, as the servers said last; null where none has.</summary>
    public EndPoint? MasterOf(byte[] name)
    {
        int slot = multiplexer.HashSlot(name);
        foreach (var server in Servers(multiplexer))
        {
            if (server.IsConnected && server.ClusterConfiguration is { } configuration)
                return configuration.GetBySlot(slot)?.EndPoint;
        }
        return null;
    }

    /// <summary>Has the library ask the servers which of them has what.</summary>
    public Task RefreshAsync()
    {
        lock (_gate)
        {
            if (_refreshing.IsCompleted && Environment.TickCount64 - _refreshed >= RefreshMilliseconds)
                (_refreshed, _refreshing) = (Environment.TickCount64, Task.Run(ReadAsync));
            return _refreshing;
        }
    }

    /// <summary>Asks a server itself. One that says nothing may be a master.</summary>
    public async Task<bool> MayBeMasterAsync(EndPoint server)
    {
        try
        {
            var answer = await multiplexer.GetServer(server).ExecuteAsync("INFO", "replication").WaitAsync(AnswerTimeout).ConfigureAwait(false);
            return ((string?)answer)?.Contains("role:slave", StringComparison.Ordinal) != true;
        }
        catch (Exception)
        {
            // It may not be asked, or does not answer, which is found out by whoever relies on it.
            return true;
        }
    }

    /// <summary>Waits until what is known was asked for at this time, by <see cref="Environment.TickCount64"/>, or later.</summary>
    public async Task RefreshedSinceAsync(long time)
    {
        while (true)
        {
            Task refreshing;
            bool suffices;
            lock (_gate)
            {
                if (_refreshing.IsCompleted)
                {
                    if (_refreshed >= time)
                        return;
                    (_refreshed, _refreshing) = (Environment.TickCount64, Task.Run(ReadAsync));
                }
                (refreshing, suffices) = (_refreshing, _refreshed >= time);
            }
            await refreshing.ConfigureAwait(false);
            if (suffices)
                return;
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await multiplexer.ConfigureAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Nobody answered; the next error asks again.
        }
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

    /// <summary>Slots are many and servers few: the first tries find one.</summary>
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
