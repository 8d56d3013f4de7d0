using System.Security.Cryptography;
using System.Text;
using Gateway.Server.Backplane.Redis.PubSub;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// A node's own messages to itself: through every Redis server that takes writes, and back by every connection on which it hears pub/sub. What
/// is not heard for a while shows a connection that fails in silence, or a server that takes no writes any more. Safe for any thread.
/// </summary>
internal sealed class RedisProbes(string prefix)
{
    private const long SilenceMilliseconds = 5_000;

    private readonly Lock _gate = new();
    private readonly string _id = RandomNumberGenerator.GetHexString(12, lowercase: true);

    // By server: when something that went through it was heard last.
    private readonly Dictionary<string, long> _servers = [];

    // By key: each brings what goes through its server, where pub/sub is sharded. Otherwise the one, of key "", brings all.
    private readonly Dictionary<string, PubSubChannel> _channels = [];
    private long _heard;

    /// <summary>Whether no server is heard of any more.</summary>
    public bool AreSilent
    {
        get
        {
            lock (_gate)
                return _servers.Count == 0 || _servers.Values.All(IsSilent);
        }
    }

    /// <summary>Whether nothing at all is heard, though there is one connection for all: what was subscribed to there is missed.</summary>
    public bool HasSilentChannel
    {
        get
        {
            lock (_gate)
                return IsSilent(_heard);
        }
    }

    /// <summary>The servers that are not heard of, where others are.</summary>
    public IReadOnlyList<string> Silent
    {
        get
        {
            lock (_gate)
                return [.. _servers.Where(server => IsSilent(server.Value)).Select(server => server.Key).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Listens on every pub/sub connection.</summary>
    /// <returns>False when the connection is of no use.</returns>
    public async Task<bool> SubscribeAsync(RedisConnection connection)
    {
        lock (_gate)
        {
            _servers.Clear();
            _channels.Clear();
            _heard = Environment.TickCount64;
        }
        string[] keys = connection.IsSharded ? [.. connection.Topology.Members().Select(member => member.Key)] : [""];
        bool[] subscribed = await Task.WhenAll(keys.Select(key => SubscribeAsync(connection, key))).ConfigureAwait(false);
        return subscribed.Contains(true);
    }

    /// <summary>Sends one through each server, and where pub/sub is sharded has nothing silent stay.</summary>
    /// <returns>Whether the servers are others than the last time.</returns>
    public bool Send(RedisConnection connection)
    {
        var members = connection.Topology.Members();
        var silent = new List<PubSubChannel>();
        bool changed = false;
        lock (_gate)
        {
            foreach (string gone in _servers.Keys.Except(members.Select(member => member.Name)).ToList())
                changed |= _servers.Remove(gone);
            // A new one has its time, too.
            foreach (var member in members)
            {
                changed |= _servers.TryAdd(member.Name, Environment.TickCount64);
                if (connection.IsSharded && IsSilent(_servers[member.Name]) && _channels.Remove(member.Key, out var channel))
                    silent.Add(channel);
            }
        }
        connection.ListenAt([.. members.Select(member => member.Name)]);
        // The server, or only what comes from it: a new connection shows.
        foreach (var channel in silent)
            channel.EndSilentConnection();
        foreach (var member in members)
            _ = SendAsync(connection, member);
        return changed;
    }

    /// <summary>Sends one through each server, and waits for the answers.</summary>
    public Task SendAsync(RedisConnection connection) =>
        Task.WhenAll(connection.Topology.Members().Select(member => SendAsync(connection, member)));

    /// <summary>All have their time from now on.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _servers.Clear();
            _heard = Environment.TickCount64;
        }
    }

    private async Task<bool> SubscribeAsync(RedisConnection connection, string key)
    {
        PubSubChannel? channel = null;
        channel = new PubSubChannel(Name(key), OnHeard, () => Forget(key, channel!));
        lock (_gate)
        {
            if (!_channels.TryAdd(key, channel))
                return true;
        }
        bool isSubscribed = await connection.SubscribeAsync(channel).ConfigureAwait(false);
        if (!isSubscribed)
            Forget(key, channel);
        return isSubscribed;
    }

    private void Forget(string key, PubSubChannel channel)
    {
        lock (_gate)
        {
            if (_channels.TryGetValue(key, out var current) && current == channel)
                _channels.Remove(key);
        }
    }

    private void OnHeard(ReadOnlySpan<byte> server)
    {
        string name = Encoding.UTF8.GetString(server);
        lock (_gate)
        {
            if (_servers.ContainsKey(name))
                _servers[name] = Environment.TickCount64;
            _heard = Environment.TickCount64;
        }
    }

    private async Task SendAsync(RedisConnection connection, RedisMember member)
    {
        // Also one that has just come, and one whose connection has ended.
        if (connection.IsSharded && !await SubscribeAsync(connection, member.Key).ConfigureAwait(false))
            return;
        byte[] channel = Name(connection.IsSharded ? member.Key : "");
        await connection.CallAsync(RedisScripts.Probe, [Name(member.Key)], [member.Name, channel]).ConfigureAwait(false);
    }

    private byte[] Name(string key) => Encoding.UTF8.GetBytes(key.Length == 0 ? $"{prefix}:probe:{_id}" : $"{prefix}:{key}:{_id}");

    private static bool IsSilent(long heard) => Environment.TickCount64 - heard > SilenceMilliseconds;
}
