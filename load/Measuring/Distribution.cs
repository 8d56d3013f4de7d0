namespace Gateway.Load.Measuring;

/// <summary>The times that a series had recorded at some moment, or between two. Immutable.</summary>
internal sealed class Distribution
{
    private readonly long[] _counts;

    public Distribution(long[] counts)
    {
        _counts = counts;
        foreach (long count in counts)
            Count += count;
    }

    public static Distribution Empty { get; } = new(new long[Histogram.Buckets]);

    public long Count { get; }

    public TimeSpan Mean
    {
        get
        {
            double sum = 0;
            for (int i = 0; i < _counts.Length; i++)
                sum += (double)_counts[i] * Histogram.HighestOf(i);
            return TimeSpan.FromMicroseconds(Count == 0 ? 0 : sum / Count);
        }
    }

    /// <summary>The times that came after an earlier moment.</summary>
    public Distribution Since(Distribution earlier)
    {
        long[] counts = new long[_counts.Length];
        for (int i = 0; i < counts.Length; i++)
            counts[i] = _counts[i] - earlier._counts[i];
        return new Distribution(counts);
    }

    /// <param name="share">0.5 for the median, 1 for the highest.</param>
    /// <returns>Not less than the exact value, and at most 0.1 % more; zero if there is none.</returns>
    public TimeSpan Percentile(double share)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (int i = 0; i < _counts.Length && Count > 0; i++)
        {
            seen += _counts[i];
            if (seen >= wanted)
                return TimeSpan.FromMicroseconds(Histogram.HighestOf(i));
        }
        return TimeSpan.Zero;
    }
}
