namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Safe for any thread. After <see cref="Failures"/> calls in a row that failed it is open, and nobody calls, so that nobody waits in vain.
/// Then one call is let through every <see cref="Pause"/>, until one does not fail.
/// </summary>
internal sealed class CircuitBreaker(TimeProvider time)
{
    /// <summary>So many clients wait out the whole time before the others need not.</summary>
    public const int Failures = 5;

    /// <summary>One call in this time costs a backend that is starting nothing.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private int _failed;
    private long _opened;

    /// <summary>Whether to call. Who does says how it went.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_failed < Failures)
                return true;
            if (time.GetElapsedTime(_opened) < Pause)
                return false;
            // This call is the probe; should it fail, the next is due a pause from now.
            _opened = time.GetTimestamp();
            return true;
        }
    }

    /// <returns>Whether that opened it.</returns>
    public bool Fail()
    {
        lock (_gate)
        {
            if (_failed >= Failures || ++_failed < Failures)
                return false;
            _opened = time.GetTimestamp();
            return true;
        }
    }

    /// <returns>Whether that closed it.</returns>
    public bool Succeed()
    {
        lock (_gate)
        {
            bool wasOpen = _failed >= Failures;
            _failed = 0;
            return wasOpen;
        }
    }
}
