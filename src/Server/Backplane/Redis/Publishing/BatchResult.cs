namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>The result of publishing one batch. Immutable.</summary>
/// <param name="Outcome">What is known of all messages.</param>
/// <param name="Before">In a namespace with history, the position before the first new message; otherwise null.</param>
/// <param name="Known">The messages whose idempotency key was known, by ascending index, with the positions they were given first.</param>
internal sealed record BatchResult(PublishOutcome Outcome, Position? Before, IReadOnlyList<(int Index, Position Position)> Known)
{
    public static readonly BatchResult Refused = new(PublishOutcome.Refused);

    /// <summary>A result without positions: the messages were not accepted, or the namespace has no history.</summary>
    public BatchResult(PublishOutcome outcome)
        : this(outcome, null, [])
    {
    }

    /// <summary>The result of one message.</summary>
    /// <param name="index">The message's index in the batch, from 0.</param>
    public PublishResult Of(int index)
    {
        if (Before is not { } before)
            return new PublishResult(Outcome, null);
        int skipped = 0;
        foreach (var (known, position) in Known)
        {
            if (known == index)
                return new PublishResult(Outcome, position);
            if (known > index)
                break;
            skipped++;
        }
        return new PublishResult(Outcome, before with { Seq = before.Seq + 1 + index - skipped });
    }
}
