using System.Globalization;
using Gateway.Server.Cluster;

namespace Gateway.Server.Export.Prometheus;

/// <summary>Added to by any thread, read by one. The values of one metric under one set of labels.</summary>
/// <param name="tags">The labels as they were measured.</param>
/// <param name="bounds">Upper bounds of a histogram's buckets, ascending; null for a plain number.</param>
internal sealed class MetricSeries(KeyValuePair<string, object?>[] tags, IReadOnlyList<double>? bounds)
{
    private readonly long[] _buckets = new long[bounds is null ? 0 : bounds.Count + 1];
    private readonly Lock _gate = new();
    private double _sum;

    public KeyValuePair<string, object?>[] Tags { get; } = tags;

    public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != Tags.Length)
            return false;
        for (int i = 0; i < tags.Length; i++)
        {
            if (tags[i].Key != Tags[i].Key || !Equals(tags[i].Value, Tags[i].Value))
                return false;
        }
        return true;
    }

    public void Set(double value)
    {
        lock (_gate)
            _sum = value;
    }

    public void Add(double value)
    {
        lock (_gate)
            _sum += value;
    }

    /// <summary>For a histogram.</summary>
    public void Observe(double value)
    {
        int bucket = 0;
        while (bucket < bounds!.Count && value > bounds[bucket])
            bucket++;
        lock (_gate)
        {
            _buckets[bucket]++;
            _sum += value;
        }
    }

    /// <summary>The number, or a histogram's sum and the counts of its buckets, all of the same moment.</summary>
    public (double Sum, long[] Buckets) Read()
    {
        lock (_gate)
            return (_sum, [.. _buckets]);
    }

    public MetricValue ReadValue()
    {
        var (sum, buckets) = Read();
        var labels = Tags.ToDictionary(tag => tag.Key, tag => Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "");
        return new MetricValue(sum, labels.Count == 0 ? null : labels, buckets.Length == 0 ? null : buckets);
    }
}
