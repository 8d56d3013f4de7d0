namespace Gateway.Client;

/// <summary>
/// The messages that this client has published to one channel with <c>Echo = false</c>. The gateway does not send them back, so in a
/// channel with history their seqs are missing among the received messages. The acknowledgement, which comes before or after the next
/// message, tells the seq. Guarded by its <see cref="ChannelSubscription"/>.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class UnechoedPublishes(TimeProvider time)
{
    /// <summary>
    /// The time that an acknowledgement has before a hole that it might explain counts as a gap. The gateway answers every request within
    /// this time.
    /// </summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The most known positions ahead of the subscription's own. They gather only while that stands still, as in a subscription that is not
    /// read. Messages beyond this number come back by recovery.
    /// </summary>
    private const int MaxKnown = 4096;

    /// <summary>The ids of the messages that were sent on this connection and are unanswered, with the time of the first sending.</summary>
    private readonly Dictionary<long, long> _unanswered = [];

    private readonly HashSet<Position> _known = [];

    /// <summary>Called before a message is sent. A message that is sent again keeps the time of its first sending.</summary>
    public void OnSending(long id) => _unanswered.TryAdd(id, time.GetTimestamp());

    /// <summary>Called with every answer to a request for the channel: an acknowledgement, or a refusal, which has no position.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="position">The message's position. Null without one.</param>
    /// <param name="reached">The subscription's position.</param>
    /// <returns>Whether the request published a message without echo.</returns>
    public bool OnAnswered(long id, Position? position, Position? reached)
    {
        if (!_unanswered.Remove(id))
            return false;
        bool isAhead = position is { } at && (reached is not { } last || at.Epoch != last.Epoch || at.Seq > last.Seq);
        if (isAhead && _known.Count < MaxKnown)
            _known.Add(position!.Value);
        return true;
    }

    /// <summary>Called when the connection was lost. Unanswered messages have become uncertain: they may come back by recovery.</summary>
    public void OnDisconnected() => _unanswered.Clear();

    /// <summary>Called when the subscription starts anew from a position.</summary>
    public void OnStarted(Position position) =>
        _known.RemoveWhere(known => known.Epoch != position.Epoch || known.Seq <= position.Seq);

    /// <summary>Passes over the positions of this client's own messages.</summary>
    /// <returns>The last position, from <paramref name="position"/> on, before a message of somebody else.</returns>
    public Position Skip(Position position)
    {
        while (_known.Count > 0 && _known.Remove(position with { Seq = position.Seq + 1 }))
            position = position with { Seq = position.Seq + 1 };
        return position;
    }

    /// <summary>
    /// Whether all positions between two received messages may belong to this client's own messages, once they are acknowledged.
    /// </summary>
    /// <param name="last">The position of the first message, or of the last own message right behind it.</param>
    /// <param name="next">The seq of the second message.</param>
    /// <param name="seen">The clock's timestamp at which the hole was noticed. Messages that were sent later do not explain it.</param>
    public bool MayExplain(Position last, long next, long seen)
    {
        if (time.GetElapsedTime(seen) >= AnswerTimeout)
            return false;
        long missing = next - last.Seq - 1 - _known.Count(known => known.Epoch == last.Epoch && known.Seq > last.Seq && known.Seq < next);
        return _unanswered.Values.Count(sent => sent <= seen && time.GetElapsedTime(sent, seen) < AnswerTimeout) >= missing;
    }
}
