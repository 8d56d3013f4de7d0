namespace Gateway.Server.Sessions;

/// <content>Waiting for requests to be answered.</content>
internal sealed partial class PendingRequests
{
    private TaskCompletionSource? _waiting;
    private TaskCompletionSource? _waitingForPublishes;

    /// <summary>The cost at which <see cref="_waiting"/> completes.</summary>
    private int _wanted;

    private bool _isReleased;

    /// <summary>Whether so much is under way that nothing more should be begun.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
                return _cost > MaxCost;
        }
    }

    /// <summary>Completes when half of what may be under way is answered. For the read loop, when <see cref="IsFull"/>.</summary>
    public async ValueTask WaitForCapacityAsync()
    {
        var connection = _session.Connection;
        // The answers to earlier requests do not wait with it.
        await connection.Writer.FlushAsync().ConfigureAwait(false);
        // `Connection.RequestClose` notes the close and then calls `ReleaseReader`; the read loop looks for the close and then waits. So
        // either the read loop sees the close, or the release comes later and ends the wait.
        if (!connection.IsClosing)
            await HalfDoneAsync().ConfigureAwait(false);
        // Nothing was read meanwhile, so that the client's silence is no sign. The heartbeat was not paused, though: a client that does not
        // take its answers is to be found out.
        connection.ResumeHeartbeat();
    }

    /// <summary>Completes when all are answered, or the reader was released.</summary>
    public ValueTask DoneAsync()
    {
        lock (_gate)
            return _cost == 0 || _isReleased ? default : Wait(0);
    }

    /// <summary>
    /// Completes when every publish that was begun is answered. For the end of the connection, whichever side ends it: a client sends a
    /// message without an answer again, and without a key that is a second message.
    /// </summary>
    public ValueTask PublishesDoneAsync()
    {
        lock (_gate)
        {
            if (_publishes == 0)
                return default;
            _waitingForPublishes ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_waitingForPublishes.Task);
        }
    }

    /// <summary>Ends the read loop's wait, and every later one: the connection is about to end.</summary>
    public void ReleaseReader()
    {
        lock (_gate)
        {
            _isReleased = true;
            Release();
        }
    }

    private ValueTask HalfDoneAsync()
    {
        lock (_gate)
            return _cost <= MaxCost || _isReleased ? default : Wait(MaxCost / 2);
    }

    private void Release()
    {
        _waiting?.SetResult();
        _waiting = null;
    }

    private void ReleasePublishes()
    {
        _waitingForPublishes?.SetResult();
        _waitingForPublishes = null;
    }

    private ValueTask Wait(int wanted)
    {
        _wanted = wanted;
        _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new ValueTask(_waiting.Task);
    }
}
