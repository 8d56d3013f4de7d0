using System.Diagnostics.Metrics;
using Gateway.Server.Cluster;

namespace Gateway.Server.Export.Prometheus;

/// <summary>
/// Measured by any thread, written by one. One instrument as Prometheus sees it: a name, a type and a series for each set of labels.
/// </summary>
internal sealed class MetricFamily
{
    /// <summary>
    /// Sets of labels kept apart; what comes after them is counted together. Every label here has a handful of values, so this is a safety
    /// net.
    /// </summary>
    private const int MaxSeries = 100;

    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Lock _gate = new();
    private readonly double[]? _bounds;
    private volatile MetricSeries[] _series = [];

    public MetricFamily(Instrument instrument)
    {
        Help = instrument.Description ?? "";
        IsObserved = instrument.IsObservable;
        Type = TypeOf(instrument);
        Name = NameOf(instrument, Type);
        if (Type == "histogram")
            _bounds = BoundsOf(instrument);
    }

    public string Name { get; }

    public string Help { get; }

    public string Type { get; }

    /// <summary>Whether measurements are whole values, told anew at each scrape, and not changes.</summary>
    public bool IsObserved { get; }

    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = SeriesOf(tags);
        if (_bounds is not null)
            series.Observe(value);
        else if (IsObserved)
            series.Set(value);
        else
            series.Add(value);
    }

    public void WriteTo(Exposition exposition)
    {
        exposition.Begin(Name, Help, Type);
        foreach (var series in _series)
        {
            var (sum, buckets) = series.Read();
            if (_bounds is null)
                exposition.Sample(Name, series.Tags, sum);
            else
                exposition.Histogram(Name, series.Tags, _bounds, buckets, sum);
        }
    }

    public MetricValues Read() => new(Name, [.. _series.Select(series => series.ReadValue())], _bounds);

    private MetricSeries SeriesOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var series in _series)
        {
            if (series.Has(tags))
                return series;
        }
        lock (_gate)
        {
            foreach (var series in _series)
            {
                if (series.Has(tags))
                    return series;
            }
            if (_series.Length == MaxSeries)
                return Others(tags);
            var added = new MetricSeries(tags.ToArray(), _bounds);
            _series = [.. _series, added];
            return added;
        }
    }

    private MetricSeries Others(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var others = new KeyValuePair<string, object?>[tags.Length];
        for (int i = 0; i < tags.Length; i++)
            others[i] = new(tags[i].Key, "other");
        foreach (var series in _series)
        {
            if (series.Has(others))
                return series;
        }
        var added = new MetricSeries(others, _bounds);
        _series = [.. _series[..^1], added];
        return added;
    }

    private static string TypeOf(Instrument instrument)
    {
        var kind = instrument.GetType().GetGenericTypeDefinition();
        if (kind == typeof(Histogram<>))
            return "histogram";
        return kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? "counter" : "gauge";
    }

    /// <summary>As OpenTelemetry maps names: dots to underscores, then the unit's name, then <c>_total</c> for what only grows.</summary>
    private static string NameOf(Instrument instrument, string type)
    {
        string name = string.Concat(instrument.Name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));
        string unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        return name + unit + (type == "counter" ? "_total" : "");
    }

    private static double[] BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => DefaultBounds,
    };
}
