namespace Gateway.Backplane.Redis;

/// <summary>Immutable. What became of the messages of one call.</summary>
/// <param name="Accepted">False: there was no answer, or a refusal.</param>
/// <param name="Before">In a namespace with history, the position before the first of them that was new; otherwise null.</param>
/// <param name="Known">Those whose idempotency key was known, by index and ascending, with their first positions.</param>
internal sealed record BatchResult(bool Accepted, Position? Before, IReadOnlyList<(int Index, Position Position)> Known)
{
    public static readonly BatchResult Refused = new(false, null, []);

    public static readonly BatchResult Sent = new(true, null, []);

    /// <param name="index">Which message of the batch, from 0.</param>
    public PublishResult Of(int index)
    {
        if (Before is not { } before)
            return new PublishResult(Accepted, null);
        int skipped = 0;
        foreach (var (known, position) in Known)
        {
            if (known == index)
                return new PublishResult(true, position);
            if (known > index)
                break;
            skipped++;
        }
        return new PublishResult(true, before with { Seq = before.Seq + 1 + index - skipped });
    }
}
