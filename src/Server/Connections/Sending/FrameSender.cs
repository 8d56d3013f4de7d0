using Gateway.Server.Channels;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// How the frames of one connection leave: a queue, an output, and at any time at most one thread that sends. Safe for any thread. The base
/// of the writer, which decides what is queued; one object, because it is memory of every idle connection.
/// </summary>
/// <remarks>
/// The one who sends does so without the lock: takes what is queued, sends it with one system call, and looks again. Where the peer's
/// window is full the rest waits for the socket, and the queue fills behind it. The lock of queue and state is the object itself, which
/// nobody else locks: a lock of its own would be 48 bytes more of every idle connection.
/// </remarks>
internal abstract partial class FrameSender(FrameEncoding encoding, IOutput output, SendScheduler scheduler)
{
    /// <summary>Replies that may wait unsent before the read loop, which causes them, has to.</summary>
    public const int ReplyBytes = 16 * 1024;

    /// <summary>Unsent bytes of a peer that takes them, above which whoever delivers helps to send.</summary>
    private const int BehindBytes = 64 * 1024;

    private protected FrameQueue _queue;
    private protected State _state;

    /// <summary>
    /// Whether presence was dropped since the owner was last told that there is room. The writer's; in the base, where it takes no more
    /// memory.
    /// </summary>
    private protected bool _lacksPresence;

    private TaskCompletionSource? _repliesSent;
    private TaskCompletionSource? _drained;
    private int _relieved;
    private bool _isSending;
    private bool _isScheduled;
    private bool _isBlocked;
    private bool _waitsNoMore;

    private protected enum State : byte
    {
        /// <summary>Takes everything.</summary>
        Open,

        /// <summary>Takes nothing more, except that <see cref="ConnectionWriter.Close"/> may still be called.</summary>
        Completed,

        /// <summary>The close frame is on its way.</summary>
        Closing,

        /// <summary>The transport is gone.</summary>
        Gone,
    }

    public FrameEncoding Encoding => encoding;

    /// <summary>Where the connection waits to be sent by one thread with others.</summary>
    private protected SendScheduler Scheduler => scheduler;

    /// <summary>Bytes waiting in the queue, as counted against the limit.</summary>
    public long QueuedBytes
    {
        get
        {
            lock (this)
                return _queue.Bytes;
        }
    }

    /// <summary>Whether the transport has taken all that was queued.</summary>
    public bool HasSentAll
    {
        get
        {
            lock (this)
                return !_isSending && _queue.IsEmpty;
        }
    }

    /// <summary>Whether the peer takes nothing at the moment: its window is full.</summary>
    public bool IsBlocked => Volatile.Read(ref _isBlocked);

    /// <summary>How often the transport was full and has taken bytes again: while this counts up, there is somebody who reads.</summary>
    public int Relieved => Volatile.Read(ref _relieved);

    /// <summary>Whether bytes that the peer would take wait unsent, so many that whoever delivers should help to send.</summary>
    private protected bool IsBehind => !_isBlocked && _queue.Bytes > BehindBytes;

    /// <summary>
    /// Sends what the read loop wrote. Completes at once, also when the peer is slow, unless more than
    /// <see cref="ReplyBytes"/> of replies are waiting: then when they have gone.
    /// </summary>
    public ValueTask FlushAsync()
    {
        Pump();
        if (Volatile.Read(ref _isSending))
            return WaitForReplies();
        return default;
    }

    /// <summary>Whether so many replies are waiting that the read loop should flush before it handles more.</summary>
    public bool HasManyReplies
    {
        get
        {
            lock (this)
                return _queue.ReplyBytes > ReplyBytes;
        }
    }

    /// <summary>Completes when everything queued so far was taken by the transport, or the transport is gone.</summary>
    public Task DrainedAsync()
    {
        Pump();
        lock (this)
        {
            if ((!_isSending && _queue.IsEmpty) || _state == State.Gone)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>From now on the read loop waits for no reply to be sent: the connection is about to end.</summary>
    public void EndWaits()
    {
        lock (this)
        {
            // Remembered, for the read loop may still be in a handler and only then come to wait.
            _waitsNoMore = true;
            ReleaseReader();
        }
    }

    /// <summary>Takes nothing more and lets the read loop wait no longer; what is queued still goes out.</summary>
    public void CompleteAdding()
    {
        lock (this)
        {
            if (_state == State.Open)
                _state = State.Completed;
            _repliesSent?.TrySetResult();
        }
    }

    /// <summary>Takes nothing more and lets nobody wait; the transport is gone or about to be.</summary>
    public void Abort()
    {
        lock (this)
            MarkGone();
    }

    /// <summary>Called by the scheduler.</summary>
    public void SendScheduled()
    {
        bool starts;
        Chunk chunk;
        lock (this)
        {
            _isScheduled = false;
            starts = TryStart(out chunk);
        }
        if (starts)
            SendQueued(chunk);
    }

    /// <summary>Whether the caller, who holds the lock, is to put this into the scheduler.</summary>
    private protected bool Schedule()
    {
        bool schedule = !_isScheduled && !_isSending && !_queue.IsEmpty;
        _isScheduled |= schedule;
        return schedule;
    }

    /// <summary>Sends what is queued, unless another thread is at it.</summary>
    private protected void Pump()
    {
        bool starts;
        Chunk chunk;
        lock (this)
            starts = TryStart(out chunk);
        if (starts)
            SendQueued(chunk);
    }

    private void SendQueued(Chunk chunk)
    {
        do
        {
            int sent = TrySend(chunk);
            if (sent < chunk.Length)
            {
                _ = SendWaitingAsync(chunk, sent);
                return;
            }
            chunk.Frames.Batch?.Release();
        }
        while (TryTakeNext(out chunk));
    }

    /// <summary>For the thread that has taken the chunk.</summary>
    private int TrySend(Chunk chunk)
    {
        var bytes = chunk.Bytes;
        // Counted before the send, so that a client never sees a message that the metrics do not have yet.
        scheduler.Metrics.Sent(chunk.Count, bytes.Length);
        return output.TrySend(bytes);
    }

    /// <summary>
    /// Called with the lock held. Becomes the one who sends, and takes the first chunk; false where there is nothing to do.
    /// </summary>
    private bool TryStart(out Chunk chunk)
    {
        chunk = default;
        if (_isSending || _queue.IsEmpty || _state == State.Gone)
            return false;
        _isSending = true;
        return TryTake(out chunk);
    }

    private bool TryTakeNext(out Chunk chunk)
    {
        lock (this)
            return TryTake(out chunk);
    }

    /// <summary>
    /// Called with the lock held. Takes the first entry, or several put together in this thread's buffer. False when there is none: the
    /// sending has ended.
    /// </summary>
    private bool TryTake(out Chunk chunk)
    {
        chunk = default;
        if (_state == State.Gone || !_queue.TryDequeue(out var frames))
        {
            _isSending = false;
            SignalDrained();
            return false;
        }
        if (_repliesSent is not null && _queue.ReplyBytes <= ReplyBytes)
            ReleaseReader();
        OnTaken();
        chunk = Chunk.Take(ref _queue, frames, mayGather: !encoding.HasPositions);
        return true;
    }

    private ValueTask WaitForReplies()
    {
        lock (this)
        {
            if (_state != State.Open || _waitsNoMore || _queue.ReplyBytes <= ReplyBytes)
                return default;
            _repliesSent ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_repliesSent.Task);
        }
    }

    /// <summary>Called with the lock held. Ends the read loop's present wait for its replies.</summary>
    private void ReleaseReader()
    {
        _repliesSent?.TrySetResult();
        _repliesSent = null;
    }

    /// <summary>Everything queued has been sent.</summary>
    private void SignalDrained()
    {
        ReleaseReader();
        _drained?.TrySetResult();
    }

    private void MarkGone()
    {
        _state = State.Gone;
        _queue.Clear();
        SignalDrained();
    }

    /// <summary>Called with the lock held. Takes less from now on, and lets the read loop wait no longer.</summary>
    private protected void TakeNoMore(State state)
    {
        _state = state;
        _repliesSent?.TrySetResult();
    }

    /// <summary>Called with the lock held, when something was taken to be sent.</summary>
    private protected abstract void OnTaken();
}
