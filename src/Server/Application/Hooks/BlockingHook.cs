namespace Gateway.Server.Application.Hooks;

/// <summary>
/// One hook that the backend decides over, with a circuit of its own: the backend can still decide who publishes while it does not answer
/// who may connect. Safe for any thread.
/// </summary>
internal sealed class BlockingHook(string name, TimeProvider time)
{
    /// <summary>The time between two lines of the log about failures.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private long _nextLine = long.MinValue;

    public string Name { get; } = name;

    public CircuitBreaker Circuit { get; } = new(time);

    /// <summary>Whether another failure may be logged; true once in a while.</summary>
    public bool MayLog()
    {
        long now = time.GetTimestamp();
        long next = Interlocked.Read(ref _nextLine);
        long quietUntil = now + (long)(Quiet.TotalSeconds * time.TimestampFrequency);
        return now >= next && Interlocked.CompareExchange(ref _nextLine, quietUntil, next) == next;
    }
}
