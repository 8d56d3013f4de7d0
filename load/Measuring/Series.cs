using System.Diagnostics;

namespace Gateway.Load.Measuring;

/// <summary>Every loop records into its own share; any thread may take a snapshot. One thing that is timed, by what it is called.</summary>
internal sealed class Series
{
    private const double MicrosecondsPerSecond = 1e6;
    private static readonly double MicrosecondsPerTick = MicrosecondsPerSecond / Stopwatch.Frequency;

    private readonly Histogram[] _shares;

    public Series(string name, int loops)
    {
        Name = name;
        _shares = new Histogram[loops];
        for (int i = 0; i < loops; i++)
            _shares[i] = new Histogram();
    }

    public string Name { get; }

    /// <param name="loop">The loop on whose thread this is.</param>
    /// <param name="ticks">Of the <see cref="Stopwatch"/>.</param>
    public void Record(int loop, long ticks) => _shares[loop].Record((long)(ticks * MicrosecondsPerTick));

    public Distribution Snapshot()
    {
        long[] counts = new long[Histogram.Buckets];
        foreach (var share in _shares)
            share.AddTo(counts);
        return new Distribution(counts);
    }
}
