using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Backplane.Redis;

/// <summary>
/// A node's own messages to itself: through every Redis server that takes writes, and back by every connection on which it hears pub/sub. What
/// is not heard for a while shows a connection that fails in silence, or a server that takes no writes any more. Safe for any thread.
/// </summary>
internal sealed class RedisProbes(string prefix)
{
    private const long SilenceMilliseconds = 5_000;

    private readonly Lock _gate = new();
    private readonly string _id = RandomNumberGenerator.GetHexString(12, lowercase: true);

    // By server, and by pub/sub connection: when something was heard last.
    private readonly Dictionary<string, long> _servers = [];
    private readonly Dictionary<string, long> _channels = [];

    /// <summary>Whether no server is heard of any more.</summary>
    public bool AreSilent
    {
        get
        {
            lock (_gate)
                return _servers.Count == 0 || _servers.Values.All(IsSilent);
        }
    }

    /// <summary>Whether nothing is heard on one of the pub/sub connections: what was subscribed to there is missed.</summary>
    public bool HasSilentChannel
    {
        get
        {
            lock (_gate)
                return _channels.Values.Any(IsSilent);
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

    /// <summary>Listens on every pub/sub connection. The client library chooses which a channel gets, in turn: so a few are tried for each server.</summary>
    /// <returns>False when the connection is of no use.</returns>
    public async Task<bool> SubscribeAsync(RedisConnection connection)
    {
        lock (_gate)
        {
            _servers.Clear();
            _channels.Clear();
        }
        int servers = Math.Max(1, connection.Topology.Members().Count);
        var covered = new HashSet<EndPoint>();
        for (int i = 0; i == 0 || (i < 4 * servers && covered.Count < servers); i++)
        {
            string channel = string.Create(CultureInfo.InvariantCulture, $"{prefix}:probe:{_id}:{i}");
            byte[] name = Encoding.UTF8.GetBytes(channel);
            if (!await connection.SubscribeAsync(name, server => OnHeard(channel, server)).ConfigureAwait(false))
                return false;
            if (connection.SubscribedAt(name) is { } endpoint && !covered.Add(endpoint))
            {
                await connection.UnsubscribeAsync(name).ConfigureAwait(false);
                continue;
            }
            lock (_gate)
                _channels[channel] = Environment.TickCount64;
        }
        return true;
    }

    /// <summary>Sends one through each server.</summary>
    /// <returns>Whether the servers are others than the last time.</returns>
    public bool Send(RedisConnection connection)
    {
        var members = connection.Topology.Members();
        bool changed = false;
        lock (_gate)
        {
            foreach (string gone in _servers.Keys.Except(members.Select(member => member.Name)).ToList())
                changed |= _servers.Remove(gone);
            // A new one has its time, too.
            foreach (var member in members)
                changed |= _servers.TryAdd(member.Name, Environment.TickCount64);
        }
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
            foreach (string channel in _channels.Keys.ToList())
                _channels[channel] = Environment.TickCount64;
        }
    }

    private void OnHeard(string channel, byte[] server)
    {
        string name = Encoding.UTF8.GetString(server);
        lock (_gate)
        {
            if (_servers.ContainsKey(name))
                _servers[name] = Environment.TickCount64;
            if (_channels.ContainsKey(channel))
                _channels[channel] = Environment.TickCount64;
        }
    }

    private Task<StackExchange.Redis.RedisResult?> SendAsync(RedisConnection connection, RedisMember member)
    {
        string[] channels;
        lock (_gate)
            channels = [.. _channels.Keys];
        return connection.CallAsync(RedisScripts.Probe, [$"{prefix}:{member.Key}:{_id}"], [member.Name, .. channels]);
    }

    private static bool IsSilent(long heard) => Environment.TickCount64 - heard > SilenceMilliseconds;
}
