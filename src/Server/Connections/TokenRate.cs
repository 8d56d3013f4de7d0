namespace Gateway.Server.Connections;

/// <summary>How fast a <see cref="TokenBucket"/> fills and how much it holds. Immutable.</summary>
/// <param name="PerSecond">Tokens a second; 0 for no limit.</param>
/// <param name="Burst">Tokens in a full bucket.</param>
/// <param name="Frequency">Ticks a second of the clock that the bucket is filled by.</param>
internal readonly record struct TokenRate(long PerSecond, long Burst, long Frequency)
{
    /// <summary>What a bucket can count to; nobody is faster, so a higher rate is none.</summary>
    private const long Most = 1L << 32;

    public static TokenRate Of(long perSecond, long burst, long frequency) =>
        new(perSecond > Most ? 0 : perSecond, Math.Min(burst, Most), frequency);

    public bool IsUnlimited => PerSecond == 0;

    /// <summary>A full bucket in the unit of its level. No overflow: at most 2^32 tokens at 10^9 ticks a second.</summary>
    public long Capacity => Burst * Frequency;

    /// <summary>The largest debt in the same unit: with a full bucket more than it, the difference still is no overflow.</summary>
    public long MaxDebt => Most * Frequency;
}
