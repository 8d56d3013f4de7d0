using System.Threading.Tasks.Sources;

namespace Gateway.Load.Clients;

/// <summary>
/// One message on its way; reused, so that none is made per message. Safe for any thread between <see cref="Begin"/> and the last arrival.
/// </summary>
internal sealed class Publication : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _arrived;
    private int _missing;

    /// <summary>Whether it is on its way, or nobody has taken note yet that it has arrived.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Complete when as many clients have it.</summary>
    public ValueTask Begin(int listeners)
    {
        IsBusy = true;
        _arrived.Reset();
        _missing = listeners;
        return new ValueTask(this, _arrived.Version);
    }

    /// <summary>A listener has it.</summary>
    public void Arrive()
    {
        if (Interlocked.Decrement(ref _missing) == 0)
            _arrived.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token)
    {
        _arrived.GetResult(token);
        IsBusy = false;
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _arrived.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _arrived.OnCompleted(continuation, state, token, flags);
}
