using System.Security.Cryptography;
using System.Text;

namespace Gateway.Backplane.Redis;

/// <summary>
/// A node's own messages to itself, through every Redis server that takes writes and back by pub/sub: what is not heard for a while shows a
/// connection that fails in silence, or a server that takes no writes any more. Safe for any thread.
/// </summary>
internal sealed class RedisProbes(string prefix)
{
    private const long SilenceMilliseconds = 5_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _heard = [];
    private readonly string _id = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>The pub/sub channel they come back by.</summary>
    public byte[] Channel => Encoding.UTF8.GetBytes($"{prefix}:probe:{_id}");

    /// <summary>Whether no server is heard of any more.</summary>
    public bool AreSilent
    {
        get
        {
            lock (_gate)
                return _heard.Count == 0 || _heard.Values.All(IsSilent);
        }
    }

    /// <summary>The servers that are not heard of, where others are.</summary>
    public IReadOnlyList<string> Silent
    {
        get
        {
            lock (_gate)
                return [.. _heard.Where(heard => IsSilent(heard.Value)).Select(heard => heard.Key).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Sends one through each server.</summary>
    /// <returns>Whether the servers are others than the last time.</returns>
    public bool Send(RedisConnection connection)
    {
        var members = connection.Topology.Members();
        bool changed = false;
        lock (_gate)
        {
            foreach (string gone in _heard.Keys.Except(members.Select(member => member.Name)).ToList())
                changed |= _heard.Remove(gone);
            // A new one has its time, too.
            foreach (var member in members)
                changed |= _heard.TryAdd(member.Name, Environment.TickCount64);
        }
        foreach (var member in members)
            _ = SendAsync(connection, member);
        return changed;
    }

    /// <summary>Sends one through each server, and waits for the answers.</summary>
    public async Task SendAsync(RedisConnection connection)
    {
        Reset();
        await Task.WhenAll(connection.Topology.Members().Select(member => SendAsync(connection, member))).ConfigureAwait(false);
    }

    /// <summary>One has come back.</summary>
    public void OnHeard(byte[] server)
    {
        string name = Encoding.UTF8.GetString(server);
        lock (_gate)
        {
            if (_heard.ContainsKey(name))
                _heard[name] = Environment.TickCount64;
        }
    }

    /// <summary>With a new connection all have their time.</summary>
    public void Reset()
    {
        lock (_gate)
            _heard.Clear();
    }

    private Task<StackExchange.Redis.RedisResult?> SendAsync(RedisConnection connection, RedisMember member) =>
        connection.CallAsync(RedisScripts.Probe, [$"{prefix}:{member.Key}:{_id}"], [Channel, member.Name]);

    private static bool IsSilent(long heard) => Environment.TickCount64 - heard > SilenceMilliseconds;
}
