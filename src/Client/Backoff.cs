namespace Gateway.Client;

/// <summary>
/// The pauses between attempts to connect: each is a random time between zero and a bound that doubles with every attempt ("full jitter").
/// Used by the client's connecting loop alone; not safe for several threads.
/// </summary>
/// <param name="random">The source of the jitter.</param>
internal sealed class Backoff(Random random)
{
    // The three figures are those of docs/protocol.md, "Reconnecting".

    /// <summary>The bound of the first pause.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);

    /// <summary>The bound at which the doubling ends.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>A connection that lasted this long makes the bound start over.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private int _attempts;

    /// <param name="retryAfter">
    /// The pause that the gateway asked for. The random pause is added to it, so that clients with the same answer do not return together.
    /// </param>
    public TimeSpan Next(TimeSpan? retryAfter = null)
    {
        var bound = First * (1 << _attempts);
        if (bound < Longest)
            _attempts++;
        else
            bound = Longest;
        return (retryAfter ?? TimeSpan.Zero) + (random.NextDouble() * bound);
    }

    public void OnEnded(TimeSpan lasted)
    {
        if (lasted >= Settled)
            _attempts = 0;
    }
}
