using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.TestSupport;

/// <summary>
/// Sums up what one gateway's counters say, and counts what its histograms are told; other gateways of the process are not heard. Safe for
/// any thread.
/// </summary>
public sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _sums = [];

    public Measurements(GatewayServer server)
    {
        var factory = server.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Gateway" && ReferenceEquals(instrument.Meter.Scope, factory))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, tags, value));
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, tags, 1));
        _listener.Start();
    }

    /// <param name="instrument">A name such as <c>gateway.errors</c>, followed by a blank and the tag's value where it has one.</param>
    public long this[string instrument]
    {
        get
        {
            _listener.RecordObservableInstruments();
            lock (_sums)
                return _sums.GetValueOrDefault(instrument);
        }
    }

    private void Add(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags, long value)
    {
        string key = tags.IsEmpty ? instrument.Name : $"{instrument.Name} {tags[0].Value}";
        lock (_sums)
            _sums[key] = instrument.IsObservable ? value : _sums.GetValueOrDefault(key) + value;
    }

    public void Dispose() => _listener.Dispose();
}
