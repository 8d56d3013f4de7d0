using System.Security.Cryptography;
using System.Text;
using Gateway.Protocol.Messages;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>The presence scripts as this node calls them, and their answers. Safe for any thread.</summary>
/// <param name="expiry">How long a user stays without being refreshed.</param>
/// <param name="absence">How long no node may have refreshed before Redis is taken to have been away for all of them.</param>
/// <param name="broken">Counts the records that cannot be read.</param>
internal sealed class PresenceCalls(TimeSpan expiry, TimeSpan absence, BrokenRecords broken)
{
    private readonly string _node = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly long _expiry = (long)expiry.TotalMilliseconds;
    private readonly long _absence = (long)absence.TotalMilliseconds;

    /// <summary>Adds or refreshes users. The answer is 1 where more users may have expired than one call removes.</summary>
    public Task<RedisResult?> JoinAsync(RedisConnection connection, RedisKeys keys, IEnumerable<PresentUser> users)
    {
        var fields = users.SelectMany(user => new RedisValue[] { Encoding.UTF8.GetBytes(user.Id), user.Info.ToArray() });
        RedisValue[] values = [keys.Flow, _absence, _expiry, _node, .. fields];
        return connection.CallInTurnAsync(PresenceScripts.Join, Names(keys), values);
    }

    public Task<RedisResult?> LeaveAsync(RedisConnection connection, RedisKeys keys, string[] users)
    {
        RedisValue[] values = [keys.Flow, _absence, _expiry, _node, .. users.Select(user => (RedisValue)Encoding.UTF8.GetBytes(user))];
        return connection.CallInTurnAsync(PresenceScripts.Leave, Names(keys), values);
    }

    /// <summary>Lists the users for a client: refused where too many calls are under way.</summary>
    public Task<RedisResult?> ListAsync(RedisConnection connection, RedisKeys keys, int maxUsers) =>
        connection.CallAsync(PresenceScripts.List, Names(keys), ListValues(keys, maxUsers));

    /// <summary>Lists the users for the node itself.</summary>
    public Task<RedisResult?> ListInTurnAsync(RedisConnection connection, RedisKeys keys, int maxUsers) =>
        connection.CallInTurnAsync(PresenceScripts.List, Names(keys), ListValues(keys, maxUsers));

    public static Task<RedisResult?> VersionAsync(RedisConnection connection, RedisKeys keys) =>
        connection.CallInTurnAsync(PresenceScripts.Version, [keys.Nodes], []);

    /// <summary>Reads a list.</summary>
    /// <returns>The users, and how long Redis has had data of the channel.</returns>
    public (PresenceSnapshot Snapshot, TimeSpan Age) Read(RedisResult answer)
    {
        var parts = (RedisResult[])answer!;
        var (version, age) = ((long)parts[0], TimeSpan.FromMilliseconds((long)parts[1]));
        if (parts.Length == 3)
            return (new PresenceSnapshot(new PresenceState(null, (int)parts[2]), version), age);
        var fields = (RedisResult[])parts[3]!;
        var users = new List<PresentUser>(fields.Length / 2);
        for (int i = 0; i + 1 < fields.Length; i += 2)
        {
            if (PresenceRecord.TryRead((byte[])fields[i]!, (byte[])fields[i + 1]!, out var user))
                users.Add(user);
        }
        broken.Drop(RecordKind.Presence, (fields.Length / 2) - users.Count);
        return (new PresenceSnapshot(new PresenceState(users, users.Count), version), age);
    }

    private RedisValue[] ListValues(RedisKeys keys, int maxUsers) => [keys.Flow, _absence, _expiry, maxUsers];

    private static RedisKey[] Names(RedisKeys keys) => [keys.Users, keys.Nodes, keys.Expiry];
}
