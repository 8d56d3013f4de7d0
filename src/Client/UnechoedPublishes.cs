namespace Gateway.Client;

/// <summary>
/// What this client has published to one channel with <c>Echo = false</c>. The gateway does not send it back, so in a channel with history
/// its seq is missing among the messages; the acknowledgement, which comes before or after the next message, has it. Guarded by its
/// <see cref="ChannelSubscription"/>.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class UnechoedPublishes(TimeProvider time)
{
    /// <summary>How long an acknowledgement is waited for before what it may explain counts as a gap; the gateway answers within that.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Known positions ahead of the subscription's: they gather only while it stands still, as one that is not read does. What is beyond
    /// comes back by recovery.
    /// </summary>
    private const int MaxKnown = 4096;

    /// <summary>Ids of those sent on this connection and not answered yet, and when they were sent.</summary>
    private readonly Dictionary<long, long> _unanswered = [];

    private readonly HashSet<Position> _known = [];

    /// <summary>To be called before it is sent. One that is sent again has been on its way since the first time.</summary>
    public void OnSending(long id) => _unanswered.TryAdd(id, time.GetTimestamp());

    /// <summary>An acknowledgement, or a refusal, which has no position.</summary>
    /// <param name="id">Of any request.</param>
    /// <param name="position">Where the message is; null for nowhere.</param>
    /// <param name="reached">Where the subscription is.</param>
    /// <returns>Whether it was one of these.</returns>
    public bool OnAnswered(long id, Position? position, Position? reached)
    {
        if (!_unanswered.Remove(id))
            return false;
        bool isAhead = position is { } at && (reached is not { } last || at.Epoch != last.Epoch || at.Seq > last.Seq);
        if (isAhead && _known.Count < MaxKnown)
            _known.Add(position!.Value);
        return true;
    }

    /// <summary>What was sent on the connection has become uncertain: it may come back by recovery.</summary>
    public void OnDisconnected() => _unanswered.Clear();

    /// <summary>The subscription starts anew from a position.</summary>
    public void OnStarted(Position position) => _known.RemoveWhere(known => known.Epoch != position.Epoch || known.Seq <= position.Seq);

    /// <summary>The last position, from this one on, that nobody else's message has.</summary>
    public Position Skip(Position position)
    {
        while (_known.Count > 0 && _known.Remove(position with { Seq = position.Seq + 1 }))
            position = position with { Seq = position.Seq + 1 };
        return position;
    }

    /// <summary>Whether the positions between two messages may all be taken by own ones, once they are acknowledged.</summary>
    /// <param name="last">The first message's, or where own ones right behind it end.</param>
    /// <param name="next">The second message's seq.</param>
    /// <param name="seen">When that was noticed, by the clock's timestamps: what was sent later explains nothing.</param>
    public bool MayExplain(Position last, long next, long seen)
    {
        if (time.GetElapsedTime(seen) >= Patience)
            return false;
        long missing = next - last.Seq - 1 - _known.Count(known => known.Epoch == last.Epoch && known.Seq > last.Seq && known.Seq < next);
        return _unanswered.Values.Count(sent => sent <= seen && time.GetElapsedTime(sent, seen) < Patience) >= missing;
    }
}
