namespace Gateway.Chaos.Tests.Checking;

/// <summary>
/// How late this process's own timers are: the machine has others to serve, and a late answer may be read late. Safe for any thread.
/// </summary>
internal sealed class Busyness(RunClock clock)
{
    private const int StepMilliseconds = 25;

    /// <summary>Less is not kept.</summary>
    private const int NoticedMilliseconds = 30;

    private readonly List<(long At, long Late)> _delays = [];

    public async Task WatchAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            long began = clock.Now;
            await Task.Delay(StepMilliseconds, CancellationToken.None);
            long late = clock.Now - began - StepMilliseconds;
            if (late < NoticedMilliseconds)
                continue;
            lock (_delays)
                _delays.Add((clock.Now, late));
        }
    }

    /// <summary>All delays of a time together.</summary>
    public long Late(long from, long to)
    {
        lock (_delays)
        {
            long sum = 0;
            for (int i = _delays.Count - 1; i >= 0 && _delays[i].At >= from; i--)
            {
                if (_delays[i].At - _delays[i].Late <= to)
                    sum += _delays[i].Late;
            }
            return sum;
        }
    }
}
