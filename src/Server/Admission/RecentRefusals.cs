namespace Gateway.Server.Admission;

/// <summary>
/// The users that were refused a connection a moment ago, and are refused again without a claim. For one thread at a time: its owner has
/// the lock.
/// </summary>
internal sealed class RecentRefusals(TimeProvider time)
{
    private const int MostUsers = 4_096;

    private readonly Dictionary<string, long> _refused = [];

    public bool Has(string user) =>
        _refused.TryGetValue(user, out long since) && time.GetElapsedTime(since) < UserLimit.RefusalTime;

    public void Add(string user)
    {
        // Forgetting costs a claim, no more.
        if (_refused.Count >= MostUsers)
            _refused.Clear();
        _refused[user] = time.GetTimestamp();
    }

    public void Remove(string user) => _refused.Remove(user);

    /// <summary>Drops the users whose time is over.</summary>
    public void Forget()
    {
        foreach (string user in _refused.Keys.Where(user => !Has(user)).ToList())
            _refused.Remove(user);
    }
}
