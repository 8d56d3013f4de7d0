using System.Diagnostics;
using Gateway.Load.Scenarios;

namespace Gateway.Load.Engines;

/// <summary>
/// Started and ended by one thread. Makes the steps of a scenario: with a rate each at its time, whatever became of those before;
/// without one each user makes the next when its last is done.
/// </summary>
internal sealed class Steps(IScenario scenario, LoadRun run)
{
    private Task _all = Task.CompletedTask;
    private volatile bool _isEnding;
    private int _underWay;

    /// <summary>Whether all users have made all their steps.</summary>
    public bool AreDone => _all.IsCompleted;

    public void Start()
    {
        if (run.Options.Rate > 0 && scenario.StepsEach is null)
            _all = Task.Factory.StartNew(Pace, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        else
            _all = Task.WhenAll(Enumerable.Range(0, scenario.Users).Select(RunUserAsync));
    }

    /// <summary>Begins no more, and waits for those under way.</summary>
    /// <returns>False if some do not end.</returns>
    public async Task<bool> EndAsync()
    {
        _isEnding = true;
        try
        {
            await _all.WaitAsync(run.Options.Timeout, run.Problems.Failed);
            long start = Stopwatch.GetTimestamp();
            while (Volatile.Read(ref _underWay) > 0 && Stopwatch.GetElapsedTime(start) < run.Options.Timeout)
                await Task.Delay(5, run.Problems.Failed);
            return _underWay == 0;
        }
        catch (Exception end) when (end is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task RunUserAsync(int user)
    {
        try
        {
            for (int i = 0; !_isEnding && i != scenario.StepsEach; i++)
                await scenario.StepAsync(user, Stopwatch.GetTimestamp());
        }
        catch (LoadException failure)
        {
            run.Problems.Add(failure.Message);
        }
        catch (OperationCanceledException)
        {
            // Another problem has ended the run.
        }
    }

    private void Pace()
    {
        var pacer = new Pacer(run.Options.Rate);
        for (int i = 0; !_isEnding; i++)
        {
            long due = pacer.Wait();
            while (Volatile.Read(ref _underWay) >= LoadRun.MaxInFlight && !_isEnding)
                Thread.Sleep(1);
            Interlocked.Increment(ref _underWay);
            _ = StepAsync(i % scenario.Users, due);
        }
    }

    private async Task StepAsync(int user, long due)
    {
        try
        {
            await scenario.StepAsync(user, due);
            Interlocked.Decrement(ref _underWay);
        }
        catch (LoadException failure)
        {
            run.Problems.Add(failure.Message);
        }
        catch (OperationCanceledException)
        {
            // Another problem has ended the run.
        }
    }
}
