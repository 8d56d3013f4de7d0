using Gateway.Load.Measuring;

namespace Gateway.Load.Reports;

/// <summary>
/// The outcome of a run, and the schema of its JSON: fields may be added, none changes its meaning within a version. Immutable.
/// </summary>
internal sealed record Report
{
    public int Version { get; init; } = 1;

    public required string Scenario { get; init; }

    /// <summary>The series that <see cref="Messages"/> and <see cref="Timeline"/> are about.</summary>
    public required string Measures { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The time that was measured.</summary>
    public required double Seconds { get; init; }

    public required int Connections { get; init; }

    public required long Messages { get; init; }

    public required double MessagesPerSecond { get; init; }

    public required IReadOnlyList<SeriesReport> Series { get; init; }

    public required IReadOnlyList<Second> Timeline { get; init; }

    /// <summary>Null where the server could not be seen.</summary>
    public required ServerReport? Server { get; init; }

    /// <summary>The other findings of the scenario, by name.</summary>
    public required IReadOnlyDictionary<string, double> Facts { get; init; }

    public required ProblemReport Problems { get; init; }
}

/// <summary>Times of one kind, in milliseconds. Immutable.</summary>
internal sealed record SeriesReport(
    string Name, long Count, double Mean, double P50, double P90, double P99, double P999, double Max, IReadOnlyList<PercentilePoint> Curve)
{
    // Each step halves what is left: 50, 75, 87.5 … up to one in a million.
    private static readonly double[] Shares = [0, .. Enumerable.Range(1, 40).Select(i => 1 - Math.Pow(2, -i / 2.0)), 1];

    public static SeriesReport Of(string name, Distribution times)
    {
        // Beyond the last whole record the curve would repeat itself.
        var curve = Shares
            .Where(share => share is 0 or 1 || (1 - share) * times.Count >= 1)
            .Select(share => new PercentilePoint(share, Ms(share)));
        return new SeriesReport(name, times.Count, times.Mean.TotalMilliseconds, Ms(0.5), Ms(0.9), Ms(0.99), Ms(0.999), Ms(1), [.. curve]);

        double Ms(double share) => times.Percentile(share).TotalMilliseconds;
    }
}

/// <summary>A share of the times, and the milliseconds that it takes at most. Immutable.</summary>
internal sealed record PercentilePoint(double Share, double Milliseconds);

/// <summary>The messages of one second, with times in milliseconds. Immutable.</summary>
/// <param name="At">Seconds since the measuring began, at its end.</param>
/// <param name="Count">How many.</param>
/// <param name="PerSecond">The same for a whole second: the last may be shorter.</param>
/// <param name="P50">The median.</param>
/// <param name="P99">99 %.</param>
/// <param name="Max">The highest.</param>
/// <param name="ServerBytes">The server's memory, where it can be asked.</param>
internal sealed record Second(double At, long Count, double PerSecond, double P50, double P99, double Max, long? ServerBytes);

/// <summary>The time and memory that the server used. Immutable.</summary>
/// <param name="CpuSeconds">Processor time while it was measured.</param>
/// <param name="CpuMicrosecondsPerMessage">The same for each message.</param>
/// <param name="ResidentBytes">Memory at the end.</param>
/// <param name="BytesPerConnection">What it took more than before the connections.</param>
internal sealed record ServerReport(double CpuSeconds, double CpuMicrosecondsPerMessage, long ResidentBytes, double BytesPerConnection)
{
    public static ServerReport? Of(ServerUsage? empty, ServerUsage? before, ServerUsage? after, long messages, int connections)
    {
        if (empty is not { } none || before is not { } start || after is not { } end)
            return null;
        double cpu = end.CpuSeconds - start.CpuSeconds;
        return new ServerReport(
            cpu,
            messages == 0 ? 0 : cpu * 1e6 / messages,
            end.ResidentBytes,
            (double)(end.ResidentBytes - none.ResidentBytes) / Math.Max(1, connections));
    }
}

/// <summary>The problems of a run. A run with a problem has failed. Immutable.</summary>
internal sealed record ProblemReport(int Count, IReadOnlyList<string> First);
