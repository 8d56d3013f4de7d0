namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Safe for any thread. One hook that the backend is asked, with a circuit of its own: who may publish can still be asked while nobody is
/// told who may connect.
/// </summary>
internal sealed class BlockingHook(string name, TimeProvider time)
{
    /// <summary>Between two lines of the log about failures.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private long _nextLine = long.MinValue;

    public string Name { get; } = name;

    public CircuitBreaker Circuit { get; } = new(time);

    /// <summary>Whether another failure is to be logged.</summary>
    public bool MayLog()
    {
        long now = time.GetTimestamp();
        long next = Interlocked.Read(ref _nextLine);
        long quietUntil = now + (long)(Quiet.TotalSeconds * time.TimestampFrequency);
        return now >= next && Interlocked.CompareExchange(ref _nextLine, quietUntil, next) == next;
    }
}
