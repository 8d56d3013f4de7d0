using System.Security.Cryptography;
using System.Text;
using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.Server.Clock;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// A node's messages to itself, through every Redis server that takes writes and back by every pub/sub connection. A server whose probes do
/// not come back for a while is silent: its connection fails without an error, or it takes no writes any more. Safe for any thread.
/// </summary>
internal sealed class RedisProbes(string prefix, TimeProvider time)
{
    private const long SilenceMilliseconds = 5_000;

    private readonly Lock _gate = new();
    private readonly string _id = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>By server, when a probe through it was received last.</summary>
    private readonly Dictionary<string, long> _servers = [];

    /// <summary>
    /// By key, the channels that probes come back on. Where pub/sub is sharded, each brings the probes through its server; otherwise the
    /// one of key "" brings all.
    /// </summary>
    private readonly Dictionary<string, PubSubChannel> _channels = [];

    private long _received;

    /// <summary>Whether no server's probes come back.</summary>
    public bool AreSilent
    {
        get
        {
            lock (_gate)
                return _servers.Count == 0 || _servers.Values.All(IsSilent);
        }
    }

    /// <summary>Whether no probe comes back at all, so that messages may be missed on the one pub/sub connection.</summary>
    public bool HasSilentChannel
    {
        get
        {
            lock (_gate)
                return IsSilent(_received);
        }
    }

    /// <summary>The servers whose probes do not come back.</summary>
    public IReadOnlyList<string> Silent
    {
        get
        {
            lock (_gate)
                return [.. _servers.Where(server => IsSilent(server.Value)).Select(server => server.Key).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Subscribes on every pub/sub connection.</summary>
    /// <returns>False when the connection is of no use.</returns>
    public async Task<bool> SubscribeAsync(RedisConnection connection)
    {
        lock (_gate)
        {
            _channels.Clear();
            Begin();
        }
        string[] keys = connection.IsSharded ? [.. connection.Topology.Members().Select(member => member.Key)] : [""];
        bool[] subscribed = await Task.WhenAll(keys.Select(key => SubscribeAsync(connection, key))).ConfigureAwait(false);
        return subscribed.Contains(true);
    }

    /// <summary>Sends a probe through each server. Where pub/sub is sharded, ends the connections that are silent.</summary>
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
            foreach (var member in members)
            {
                // A new server gets as much time as the others.
                changed |= _servers.TryAdd(member.Name, time.GetMilliseconds());
                if (connection.IsSharded && IsSilent(_servers[member.Name]) && _channels.Remove(member.Key, out var channel))
                    silent.Add(channel);
            }
        }
        connection.ListenAt([.. members.Select(member => member.Name)]);
        // Either the server is silent or only the pub/sub connection from it: a new connection shows which.
        foreach (var channel in silent)
            channel.EndSilentConnection();
        foreach (var member in members)
            _ = SendAsync(connection, member);
        return changed;
    }

    /// <summary>Sends a probe through each server, and waits for the answers.</summary>
    public Task SendAsync(RedisConnection connection) =>
        Task.WhenAll(connection.Topology.Members().Select(member => SendAsync(connection, member)));

    /// <summary>Forgets what was received: each server gets its full time from now on.</summary>
    public void Restart()
    {
        lock (_gate)
            Begin();
    }

    private void Begin()
    {
        _servers.Clear();
        _received = time.GetMilliseconds();
    }

    private async Task<bool> SubscribeAsync(RedisConnection connection, string key)
    {
        PubSubChannel? channel = null;
        channel = new PubSubChannel(Name(key), OnProbe, () => Forget(key, channel!));
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

    private void OnProbe(ReadOnlySpan<byte> server)
    {
        string name = Encoding.UTF8.GetString(server);
        lock (_gate)
        {
            _received = time.GetMilliseconds();
            if (_servers.ContainsKey(name))
                _servers[name] = _received;
        }
    }

    private async Task SendAsync(RedisConnection connection, RedisMember member)
    {
        // Subscribes for a server that has just come, and for one whose pub/sub connection has ended.
        if (connection.IsSharded && !await SubscribeAsync(connection, member.Key).ConfigureAwait(false))
            return;
        byte[] channel = Name(connection.IsSharded ? member.Key : "");
        await connection.CallAsync(RedisScripts.Probe, [Name(member.Key)], [member.Name, channel]).ConfigureAwait(false);
    }

    private byte[] Name(string key) => Encoding.UTF8.GetBytes(key.Length == 0 ? $"{prefix}:probe:{_id}" : $"{prefix}:{key}:{_id}");

    private bool IsSilent(long received) => time.GetMilliseconds() - received > SilenceMilliseconds;
}
