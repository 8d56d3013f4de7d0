namespace Gateway.Sessions;

/// <summary>
/// Safe for any thread; only the read loop waits. The publishes of one session that the backplane has not answered yet, in bytes, so
/// that a client need not wait for each, and can't have more of them than its share.
/// </summary>
internal sealed class UnansweredPublishes
{
    /// <summary>Some hundreds of usual messages: enough to hide a round trip of several milliseconds.</summary>
    private const int MaxBytes = 64 * 1024;

    private const int BytesPerMessage = 64;

    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private int _bytes;
    private int _wanted;

    public void Begin(int contentBytes)
    {
        lock (_gate)
            _bytes += contentBytes + BytesPerMessage;
    }

    public void End(int contentBytes)
    {
        lock (_gate)
        {
            _bytes -= contentBytes + BytesPerMessage;
            if (_waiting is null || _bytes > _wanted)
                return;
            _waiting.SetResult();
            _waiting = null;
        }
    }

    /// <summary>Completes at once unless there are too many; then when half of them are answered.</summary>
    public ValueTask RoomAsync()
    {
        lock (_gate)
            return _bytes <= MaxBytes ? default : Wait(MaxBytes / 2);
    }

    /// <summary>Completes when all are answered.</summary>
    public ValueTask DoneAsync()
    {
        lock (_gate)
            return _bytes == 0 ? default : Wait(0);
    }

    private ValueTask Wait(int wanted)
    {
        _wanted = wanted;
        _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new ValueTask(_waiting.Task);
    }
}
