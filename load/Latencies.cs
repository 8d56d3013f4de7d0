using System.Diagnostics;

namespace Gateway.Load;

/// <summary>Each connection fills its own; joined at the end. Every single latency, so that the highest is not averaged away.</summary>
internal sealed class Latencies
{
    private readonly List<long> _ticks = [];
    private bool _isSorted;

    public int Count => _ticks.Count;

    public static Latencies Join(IEnumerable<Latencies> parts)
    {
        var all = new Latencies();
        foreach (var part in parts)
            all._ticks.AddRange(part._ticks);
        return all;
    }

    /// <summary>Notes the time since a <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public void AddSince(long timestamp)
    {
        _ticks.Add(Stopwatch.GetElapsedTime(timestamp).Ticks);
        _isSorted = false;
    }

    /// <param name="share">0.5 for the median, 1 for the highest.</param>
    public TimeSpan Percentile(double share)
    {
        if (_ticks.Count == 0)
            return TimeSpan.Zero;
        if (!_isSorted)
            _ticks.Sort();
        _isSorted = true;
        return TimeSpan.FromTicks(_ticks[Math.Max(0, (int)Math.Ceiling(share * _ticks.Count) - 1)]);
    }
}
