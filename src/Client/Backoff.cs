namespace Gateway.Client;

/// <summary>For one thread. How long to wait before the next attempt: a random time between zero and a bound that doubles with every attempt ("full jitter").</summary>
/// <param name="random">Where the jitter comes from.</param>
internal sealed class Backoff(Random random)
{
    /// <summary>Protocol, "Reconnecting".</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);

    /// <summary>The same: the bound doubles up to this.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>The same: a connection that lasted so long starts the bound over.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private int _attempts;

    /// <param name="retryAfter">What the gateway asked for; added, so that its clients do not come back together.</param>
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
