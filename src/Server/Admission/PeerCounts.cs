namespace Gateway.Server.Admission;

/// <summary>
/// What other nodes said of users that have many connections there. It is forgotten when it is not said again, as it is not when the node
/// has vanished. For one thread at a time: its owner has the lock.
/// </summary>
internal sealed class PeerCounts(TimeProvider time)
{
    /// <summary>Far more than there are where the limit is not absurd; a user without room here is just not known.</summary>
    private const int MostUsers = 16_384;

    /// <summary>A node says it with every heartbeat, every two seconds; one may be lost.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, List<PeerCount>> _users = [];

    private bool IsFresh(PeerCount count) => time.GetElapsedTime(count.Heard) <= Lifetime;

    public void Set(string node, string user, int count)
    {
        if (!_users.TryGetValue(user, out var counts))
        {
            if (_users.Count >= MostUsers)
                return;
            _users[user] = counts = new List<PeerCount>(1);
        }
        counts.RemoveAll(known => known.Node == node);
        counts.Add(new PeerCount(node, Math.Max(0, count), time.GetTimestamp()));
    }

    /// <summary>Connections of a user on other nodes, as far as that is known.</summary>
    /// <param name="user">Who.</param>
    /// <param name="round">Null, or one whose answers are known already: the nodes that gave them are left out.</param>
    public long Sum(string user, ClaimRound? round = null)
    {
        long sum = 0;
        if (_users.Count == 0 || !_users.TryGetValue(user, out var counts))
            return 0;
        foreach (var count in counts)
        {
            if (IsFresh(count) && round?.HasAnswered(count.Node) != true)
                sum += count.Connections;
        }
        return sum;
    }

    /// <summary>A node has stopped, and its connections with it.</summary>
    public void Remove(string node) => RemoveAll(count => count.Node == node);

    /// <summary>Drops what was not said again.</summary>
    public void Forget() => RemoveAll(count => !IsFresh(count));

    private void RemoveAll(Predicate<PeerCount> match)
    {
        foreach (var (user, counts) in _users)
        {
            counts.RemoveAll(match);
            if (counts.Count == 0)
                _users.Remove(user);
        }
    }

    private readonly record struct PeerCount(string Node, int Connections, long Heard);
}
