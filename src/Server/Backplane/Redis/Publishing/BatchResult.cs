namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>Immutable. What became of the messages of one call.</summary>
/// <param name="Outcome">What is known of all of them.</param>
/// <param name="Before">In a namespace with history, the position before the first of them that was new; otherwise null.</param>
/// <param name="Known">Those whose idempotency key was known, by index and ascending, with their first positions.</param>
internal sealed record BatchResult(PublishOutcome Outcome, Position? Before, IReadOnlyList<(int Index, Position Position)> Known)
{
    public static readonly BatchResult Refused = new(PublishOutcome.Refused);

    /// <param name="outcome">Without positions: of messages that were not accepted, or in a namespace without history.</param>
    public BatchResult(PublishOutcome outcome)
        : this(outcome, null, [])
    {
    }

    /// <param name="index">Which message of the batch, from 0.</param>
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
