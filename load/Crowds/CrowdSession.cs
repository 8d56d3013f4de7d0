using System.Diagnostics;
using System.Globalization;
using Gateway.Load.Measuring;

namespace Gateway.Load.Crowds;

/// <summary>
/// The conversation with a script: each line it writes is done and answered with one line of <c>name=value</c>. Used by one thread.
/// </summary>
internal sealed class CrowdSession
{
    public const string Usage =
        "connect; publish N, to all; single N, to one each; restart K, the number, from 0, of a node that will end and come back; " +
        "return, until its clients are back; an empty line, or the end, to check everything";

    private readonly Crowd _crowd;
    private readonly TextWriter _output;
    private long _endedBefore;
    private long _accountedFor;

    private CrowdSession(Crowd crowd, TextWriter output)
    {
        _crowd = crowd;
        _output = output;
    }

    /// <returns>The exit code: 0 if nothing was lost.</returns>
    public static async Task<int> RunAsync(LoadOptions options, IReadOnlyList<Uri> nodes, TextReader input, TextWriter output)
    {
        await using var run = new LoadRun(options with { Threads = 1 });
        long problems = 0;
        try
        {
            using var crowd = await Crowd.CreateAsync(run, options, nodes);
            var session = new CrowdSession(crowd, output);
            try
            {
                while (run.Problems.Count == 0 && await input.ReadLineAsync() is { Length: > 0 } line)
                    await session.DoAsync(line);
                await session.CheckAsync();
            }
            finally
            {
                problems = crowd.Plan.Findings.Problems;
                foreach (string problem in crowd.Plan.Findings.First)
                    await output.WriteLineAsync($"problem {problem}");
            }
        }
        catch (LoadException failure)
        {
            problems++;
            await output.WriteLineAsync($"problem {failure.Message}");
        }
        foreach (string problem in run.Problems.First)
            await output.WriteLineAsync($"problem {problem}");
        return problems + run.Problems.Count == 0 ? 0 : 1;
    }

    private async Task DoAsync(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int number = words.Length > 1 && int.TryParse(words[1], CultureInfo.InvariantCulture, out int given) ? given : 1;
        switch (words.FirstOrDefault())
        {
            case "connect":
                await ConnectAsync();
                break;
            case "publish":
                await PublishAsync(number);
                break;
            case "single":
                var times = await _crowd.PublishToSinglesAsync(number);
                await SayAsync($"received={times.Count} p50={Ms(times, 0.5)} p99={Ms(times, 0.99)} max={Ms(times, 1)}");
                break;
            case "restart" when number >= 0 && number < _crowd.Plan.Nodes:
                _crowd.Plan.Excuse(number);
                _endedBefore = _crowd.Plan.Findings.Ended;
                await SayAsync($"node={number}");
                break;
            case "return":
                await ReturnAsync();
                break;
            default:
                throw new LoadException($"'{line}' is none of: {Usage}");
        }
    }

    private async Task ConnectAsync()
    {
        long start = Stopwatch.GetTimestamp();
        string? stopped = await _crowd.ConnectAsync();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int present = _crowd.Count().Present;
        await SayAsync(
            $"connected={present} seconds={seconds:0.0} rate={present / seconds:0} refused={_crowd.Plan.Findings.Refused} " +
            $"why={Word(_crowd.Plan.Findings.LastRefusal)} stopped={Word(stopped)}");
    }

    private async Task PublishAsync(int count)
    {
        var all = new List<Distribution>();
        for (int i = 0; i < count; i++)
            all.Add(await _crowd.PublishAsync());
        _accountedFor += all.Sum(times => times.Count);
        // Each message's time is that of the last client.
        double[] last = [.. all.Select(times => times.Percentile(1).TotalMilliseconds).Order()];
        double[] half = [.. all.Select(times => times.Percentile(0.5).TotalMilliseconds).Order()];
        await SayAsync(
            $"received={all.Sum(times => times.Count)} all={Text(last[last.Length / 2])} slowest={Text(last[^1])} " +
            $"p50={Text(half[half.Length / 2])}");
    }

    private async Task ReturnAsync()
    {
        long start = Stopwatch.GetTimestamp();
        await _crowd.ReturnAsync();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _crowd.Plan.ExcuseNobody();
        // What came otherwise than while a message to all was waited for came by recovery.
        long recovered = _crowd.Plan.Delivery.Snapshot().Count - _accountedFor;
        _accountedFor += recovered;
        await SayAsync($"back={_crowd.Plan.Findings.Ended - _endedBefore} seconds={seconds:0.0} recovered={recovered}");
    }

    /// <summary>Whether everybody is there and has everything.</summary>
    private async Task CheckAsync()
    {
        var (present, behind, away) = _crowd.Count();
        var findings = _crowd.Plan.Findings;
        int singles = _crowd.Plan.Own.Where((channel, i) => _crowd.Plan.OwnNext[i] < channel.Published).Count();
        if (behind + away + singles > 0)
            findings.Add($"{behind} clients lack a message of all, {singles} one of their own, and {away} are gone");
        await SayAsync(
            $"present={present} published={_crowd.Plan.All.Published} ended={findings.Ended} interrupted={findings.Interrupted} " +
            $"problems={findings.Problems}");
    }

    private async Task SayAsync(string line)
    {
        await _output.WriteLineAsync(line);
        await _output.FlushAsync();
    }

    private static string Word(string? text) => text?.Replace(' ', '_') ?? "";

    private static string Ms(Distribution times, double share) => Text(times.Percentile(share).TotalMilliseconds);

    private static string Text(double number) => number.ToString("0.0", CultureInfo.InvariantCulture);
}
