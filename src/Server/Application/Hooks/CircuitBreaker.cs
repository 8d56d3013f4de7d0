namespace Gateway.Server.Application.Hooks;

/// <summary>
/// A circuit breaker: after <see cref="Failures"/> failed calls in a row it is open, and lets through only one call every
/// <see cref="Pause"/>, until one does not fail. So clients do not wait in vain for a backend that is down. Safe for any thread.
/// </summary>
internal sealed class CircuitBreaker(TimeProvider time)
{
    /// <summary>So many clients wait for the whole timeout before the others need not.</summary>
    public const int Failures = 5;

    /// <summary>One call in this time costs a backend that is starting nothing.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private int _failed;
    private long _opened;

    /// <summary>Whether to call. A caller that does reports with <see cref="Succeed"/> or <see cref="Fail"/> how it went.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_failed < Failures)
                return true;
            if (time.GetElapsedTime(_opened) < Pause)
                return false;
            // This call is the probe; if it fails, the next is due a pause from now.
            _opened = time.GetTimestamp();
            return true;
        }
    }

    /// <returns>Whether this failure opened the circuit.</returns>
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

    /// <returns>Whether this success closed the circuit.</returns>
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
