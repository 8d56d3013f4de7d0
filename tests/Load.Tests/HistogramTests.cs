using System.Diagnostics;
using Gateway.Load.Measuring;

namespace Gateway.Load.Tests;

public sealed class HistogramTests
{
    private static readonly double[] Shares = [0.01, 0.5, 0.9, 0.99, 0.999, 1];

    [Theory]
    [InlineData(1, 3_000)]
    [InlineData(1_000, 90_000_000)]
    [InlineData(60_000_000, 3_600_000_000)]
    public void A_percentile_is_at_most_a_thousandth_above_the_exact_one(long lowest, long highest)
    {
        var random = new Random(1);
        long[] values = [.. Enumerable.Range(0, 20_000).Select(_ => random.NextInt64(lowest, highest))];
        var times = Of(values);
        Array.Sort(values);

        foreach (double share in Shares)
        {
            long exact = values[(int)Math.Ceiling(share * values.Length) - 1];
            Assert.InRange(times.Percentile(share).TotalMicroseconds, exact, exact * 1.001);
        }
    }

    [Fact]
    public void Up_to_two_milliseconds_every_microsecond_is_exact()
    {
        foreach (long value in new long[] { 0, 1, 2, 999, 1_023, 1_024, 2_047 })
            Assert.Equal(value, Of([value]).Percentile(0.5).TotalMicroseconds);
    }

    [Fact]
    public void More_than_an_hour_counts_as_an_hour() =>
        Assert.InRange(Of([long.MaxValue]).Percentile(1).TotalHours, 1, 1.001);

    [Fact]
    public void The_mean_is_that_of_all_values() =>
        Assert.InRange(Of([1_000, 2_000, 6_000_000]).Mean.TotalMicroseconds, 2_001_000, 2_001_000 * 1.001);

    [Fact]
    public void What_came_before_can_be_taken_away()
    {
        var series = new Series("x", loops: 2);
        series.Record(0, Stopwatch.Frequency);
        var before = series.Snapshot();
        series.Record(1, 2 * Stopwatch.Frequency);

        var since = series.Snapshot().Since(before);

        Assert.Equal(1, since.Count);
        Assert.InRange(since.Percentile(0).TotalSeconds, 2, 2.002);
    }

    [Fact]
    public void Of_nothing_all_percentiles_are_zero() => Assert.Equal(TimeSpan.Zero, Distribution.Empty.Percentile(0.99));

    private static Distribution Of(IEnumerable<long> microseconds)
    {
        var histogram = new Histogram();
        foreach (long value in microseconds)
            histogram.Record(value);
        long[] counts = new long[Histogram.Buckets];
        histogram.AddTo(counts);
        return new Distribution(counts);
    }
}
