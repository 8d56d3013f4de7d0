using System.Diagnostics;
using Gateway.Load.Measuring;
using Gateway.Load.Reports;
using Gateway.Load.Scenarios;

namespace Gateway.Load.Engines;

/// <summary>Used once, by one thread. Runs a scenario on the loops of its run, looks at it every second, and reports.</summary>
/// <param name="name">The scenario's name.</param>
/// <param name="scenario">The scenario.</param>
/// <param name="run">Its run.</param>
/// <param name="gauge">Looks at the server, if it can be seen.</param>
/// <param name="progress">Told of every second.</param>
internal sealed class BuiltInEngine(string name, IScenario scenario, LoadRun run, IServerGauge? gauge, Action<Second> progress)
{
    private readonly List<Second> _timeline = [];
    private readonly DateTimeOffset _startedAt = DateTimeOffset.UtcNow;

    /// <summary>Runs the scenario. The report has all problems.</summary>
    public async Task<Report> RunAsync()
    {
        ServerUsage? empty = null, before = null, after = null;
        var baseline = new Dictionary<Series, Distribution>();
        var elapsed = TimeSpan.Zero;
        List<(string Name, Distribution Times)> timed = [];
        try
        {
            empty = await UsageAsync();
            await scenario.PrepareAsync();
            var steps = new Steps(scenario, run);
            steps.Start();
            await WatchAsync(steps, run.Options.WarmUp, isMeasured: false);
            before = await UsageAsync();
            foreach (var series in run.AllSeries.Where(_ => run.Options.WarmUp > TimeSpan.Zero && scenario.StepsEach is null))
                baseline[series] = series.Snapshot();
            long received = run.ReceivedBytes;
            long start = Stopwatch.GetTimestamp();
            await WatchAsync(steps, scenario.StepsEach is null ? run.Options.Duration : TimeSpan.MaxValue, isMeasured: true);
            // In the same order as at the beginning, so that all windows are equally long.
            after = await UsageAsync();
            elapsed = Stopwatch.GetElapsedTime(start);
            received = run.ReceivedBytes - received;
            timed =
            [
                .. from series in run.AllSeries
                   select (series.Name, series.Snapshot().Since(baseline.GetValueOrDefault(series, Distribution.Empty))),
            ];
            if (timed.Find(series => series.Name == scenario.Measures).Times is { Count: > 0 } times)
                run.Facts["bytes received/message"] = (double)received / times.Count;
            bool isComplete = await steps.EndAsync();
            await scenario.FinishAsync();
            if (!isComplete && run.Problems.Count == 0)
                run.Problems.Add($"some steps were not done after {run.Options.Timeout.TotalSeconds:0.#} s");
        }
        catch (LoadException failure)
        {
            run.Problems.Add(failure.Message);
        }
        catch (OperationCanceledException)
        {
            // The problem that ended the run is in the report.
        }
        return Report(elapsed, timed, empty, before, after);
    }

    /// <summary>Until the time is over, all steps are done, a problem ends the run, or nothing moves any more.</summary>
    private async Task WatchAsync(Steps steps, TimeSpan duration, bool isMeasured)
    {
        var headline = run.Series(scenario.Measures);
        var last = headline.Snapshot();
        long start = Stopwatch.GetTimestamp();
        long moved = start;
        double before = 0;
        while (!steps.AreDone && run.Problems.Count == 0)
        {
            var left = duration - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || (scenario.StepsEach is null && Stopwatch.GetElapsedTime(moved) > run.Options.Timeout))
                return;
            await WaitAsync(left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1), steps);
            var now = headline.Snapshot();
            double at = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var times = now.Since(last);
            last = now;
            if (times.Count > 0)
                moved = Stopwatch.GetTimestamp();
            long? resident = isMeasured && run.Options.Metrics is not null ? (await UsageAsync())?.ResidentBytes : null;
            var second = new Second(at, times.Count, times.Count / (at - before), Ms(times, 0.5), Ms(times, 0.99), Ms(times, 1), resident);
            if (isMeasured)
                _timeline.Add(second);
            progress(second);
            before = at;
        }
    }

    private async Task WaitAsync(TimeSpan time, Steps steps)
    {
        // The steps of some scenarios are over in no time.
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) is var passed && passed < time && run.Problems.Count == 0 && !steps.AreDone)
            await Task.Delay(TimeSpan.FromTicks(Math.Min((time - passed).Ticks + 1, TimeSpan.TicksPerSecond / 20)));
    }

    private async Task<ServerUsage?> UsageAsync() => gauge is null ? null : await gauge.ReadAsync(CancellationToken.None);

    private Report Report(
        TimeSpan elapsed, List<(string Name, Distribution Times)> timed, ServerUsage? empty, ServerUsage? before, ServerUsage? after)
    {
        long messages = timed.Find(series => series.Name == scenario.Measures).Times?.Count ?? 0;
        return new Report
        {
            Scenario = name,
            Measures = scenario.Measures,
            StartedAt = _startedAt,
            Seconds = elapsed.TotalSeconds,
            Connections = run.Connections,
            Messages = messages,
            MessagesPerSecond = elapsed > TimeSpan.Zero ? messages / elapsed.TotalSeconds : 0,
            Series = [.. timed.Where(series => series.Times.Count > 0).Select(series => SeriesReport.Of(series.Name, series.Times))],
            Timeline = _timeline,
            Server = ServerReport.Of(empty, before, after, messages, run.Connections),
            Facts = new SortedDictionary<string, double>(run.Facts, StringComparer.Ordinal),
            Problems = new ProblemReport(run.Problems.Count, [.. run.Problems.First]),
        };
    }

    private static double Ms(Distribution times, double share) => times.Percentile(share).TotalMilliseconds;
}
