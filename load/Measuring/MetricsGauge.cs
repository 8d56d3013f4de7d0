using System.Globalization;

namespace Gateway.Load.Measuring;

/// <summary>A node's own word, by its <c>/metrics</c>. Used by one thread at a time.</summary>
internal sealed class MetricsGauge(Uri metrics) : IServerGauge, IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public async Task<ServerUsage?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            string text = await _http.GetStringAsync(metrics, cancellation);
            return new ServerUsage(Value(text, "process_cpu_seconds_total"), (long)Value(text, "process_resident_memory_bytes"));
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    private static double Value(string text, string name)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line[name.Length..].StartsWith(' ')
                && double.TryParse(line[name.Length..].Trim(), CultureInfo.InvariantCulture, out double value))
                return value;
        }
        return 0;
    }
}
