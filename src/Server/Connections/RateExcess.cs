namespace Gateway.Server.Connections;

/// <summary>
/// What a connection whose messages are over the rate limit has of it. Used by the read loop; <see cref="Delay"/> by any thread.
/// </summary>
internal sealed class RateExcess
{
    /// <summary>
    /// Messages rejected within <see cref="RejectionMilliseconds"/> before the connection is closed: such a client does not listen.
    /// </summary>
    private const int MaxRejections = 100;

    private const long RejectionMilliseconds = 10_000;

    private TaskCompletionSource? _delay;
    private int _rejections;
    private long _firstRejection;

    /// <summary>
    /// Completing it ends the read loop's wait; null while the read loop does not wait. A full fence stands behind each write.
    /// </summary>
    public TaskCompletionSource? Delay
    {
        get => Volatile.Read(ref _delay);
        set => Interlocked.Exchange(ref _delay, value);
    }

    /// <summary>
    /// Counts one more rejected message, over time and not in a row: a message that is let through in between forgives nothing.
    /// </summary>
    /// <param name="now">Milliseconds on the clock.</param>
    public bool HasManyRejections(long now)
    {
        if (_rejections == 0 || now - _firstRejection >= RejectionMilliseconds)
            (_rejections, _firstRejection) = (0, now);
        return ++_rejections >= MaxRejections;
    }
}
