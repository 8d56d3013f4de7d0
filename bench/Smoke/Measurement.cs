using System.Diagnostics;

namespace Gateway.Bench.Smoke;

/// <summary>The time and memory that an operation took. Immutable.</summary>
internal readonly record struct Measurement(double Nanoseconds, double Bytes)
{
    private const int Rounds = 5;

    /// <summary>Code is compiled again, in the background, 100 ms after it was found to be hot; once more with its profile.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(300);

    /// <summary>The pause for methods that are still being compiled when the warm-up ends.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(100);

    /// <summary>Threads of the pool may still be on their way back when the last frame has left.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// The median time of some rounds, and the least that was allocated in one: what the runtime does on the side, such as starting a
    /// thread with what it keeps, is not in all of them; what the operation allocates, be it once in a thousand calls, is in each.
    /// Counted over all threads, for some of the work is on others.
    /// </summary>
    public static Measurement Of(Operation operation)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUp;)
            operation.Run();
        Thread.Sleep(Settling);
        var rounds = Enumerable.Range(0, Rounds).Select(_ => OneRound(operation)).ToList();
        return new Measurement(rounds.Select(round => round.Nanoseconds).Order().ElementAt(Rounds / 2), rounds.Min(round => round.Bytes));
    }

    private static Measurement OneRound(Operation operation)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < operation.Calls; call++)
            operation.Run();
        var elapsed = Stopwatch.GetElapsedTime(start);
        Thread.Sleep(Quiet);
        double operations = (double)operation.Calls * operation.PerRun;
        return new Measurement(elapsed.TotalNanoseconds / operations, (GC.GetTotalAllocatedBytes(precise: true) - before) / operations);
    }
}
