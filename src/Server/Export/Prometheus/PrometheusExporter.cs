using System.Diagnostics.Metrics;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Backplane;
using Gateway.Server.Cluster;
using Gateway.Server.Metrics;
using Gateway.Server.Options;

namespace Gateway.Server.Export.Prometheus;

/// <summary>
/// Measured by any thread, scraped by one at a time. Hears every instrument of this node's <c>Gateway</c> meter, from its construction on,
/// and tells what it heard when <c>/metrics</c> is asked for.
/// </summary>
internal sealed class PrometheusExporter : INodeMetrics, IDisposable
{
    private readonly Lock _scraping = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly string _node;

    /// <param name="factory">Whose meter is heard: there may be other nodes in the process.</param>
    /// <param name="metrics">Made to begin at 0.</param>
    /// <param name="backplane">The same.</param>
    /// <param name="hooks">The same.</param>
    /// <param name="lookedUp">Here so that it exists.</param>
    /// <param name="options">The node's name.</param>
    public PrometheusExporter(
        IMeterFactory factory, GatewayMetrics metrics, BackplaneMetrics backplane, HookMetrics hooks, NodeMetrics lookedUp,
        GatewayOptions options)
    {
        _ = lookedUp;
        _node = options.Node;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != GatewayMetrics.MeterName || !ReferenceEquals(instrument.Meter.Scope, factory))
                return;
            var family = new MetricFamily(instrument);
            lock (_scraping)
                _families[family.Name] = family;
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.Start();
        metrics.StartFromZero();
        backplane.StartFromZero();
        hooks.StartFromZero();
    }

    public string Scrape()
    {
        var exposition = new Exposition();
        exposition.Begin("gateway_build_info", "Always 1; the labels say which version and node this is.", "gauge");
        exposition.Sample(
            "gateway_build_info",
            [new("node", _node), new("version", typeof(PrometheusExporter).Assembly.GetName().Version!.ToString(3))], 1);
        lock (_scraping)
        {
            _listener.RecordObservableInstruments();
            foreach (var family in _families.Values)
                family.WriteTo(exposition);
        }
        ProcessMetrics.WriteTo(exposition);
        return exposition.ToString();
    }

    /// <summary>The meter alone, for programs that want numbers.</summary>
    public IReadOnlyList<MetricValues> Read()
    {
        lock (_scraping)
        {
            _listener.RecordObservableInstruments();
            return [.. _families.Values.Select(family => family.Read())];
        }
    }

    public void Dispose() => _listener.Dispose();
}
