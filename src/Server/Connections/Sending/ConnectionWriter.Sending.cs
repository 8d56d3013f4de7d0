using System.Buffers;
using System.Runtime.CompilerServices;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;

namespace Gateway.Server.Connections.Sending;

/// <content>
/// How bytes leave. One thread sends at a time, without the lock: it takes what is queued, sends it with one system call, and
/// looks again. Where the peer's window is full the rest waits for the socket, and the queue fills behind it.
/// </content>
internal sealed partial class ConnectionWriter
{
    /// <summary>Unsent bytes of a peer that takes them, above which who delivers helps to send.</summary>
    private const int BehindBytes = 64 * 1024;

    /// <summary>Called by the send queue.</summary>
    public void SendScheduled()
    {
        bool starts;
        Chunk chunk;
        lock (_gate)
        {
            _isScheduled = false;
            starts = TryStart(out chunk);
        }
        if (starts)
            SendQueued(chunk);
    }

    /// <summary>Whether the caller, who holds the lock, is to put this into the send queue.</summary>
    private bool Schedule()
    {
        bool schedule = !_isScheduled && !_isSending && !_queue.IsEmpty;
        _isScheduled |= schedule;
        return schedule;
    }

    /// <summary>Sends what is queued, unless another thread is at it.</summary>
    private void Pump()
    {
        bool starts;
        Chunk chunk;
        lock (_gate)
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
        // Before it is: what a client has seen has been counted.
        _metrics.Sent(chunk.Count, bytes.Length);
        return _output.TrySend(bytes);
    }

    /// <summary>Called with the lock held. Becomes the one who sends, and takes the first chunk; false where there is nothing to do.</summary>
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
        lock (_gate)
            return TryTake(out chunk);
    }

    /// <summary>Called with the lock held. Takes the first entry, or several put together in this thread's buffer. False when there is none: the sending has ended.</summary>
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
        RecallPresence();
        chunk = Chunk.Take(ref _queue, frames, mayGather: !_encoding.HasPositions);
        return true;
    }

    /// <summary>
    /// Goes on where the transport did not take all at once, until nothing is queued. A loop: a pipe takes everything this way, mostly
    /// without a wait, and calls of one another would nest as deep as the queue is long.
    /// </summary>
    private async Task SendWaitingAsync(Chunk chunk, int sent)
    {
        while (sent >= 0)
        {
            bool isSent = sent == chunk.Length || await SendRestAsync(chunk, sent);
            chunk.Frames.Batch?.Release();
            if (!isSent)
            {
                FailSend();
                return;
            }
            if (!TryTakeNext(out chunk))
                return;
            sent = TrySend(chunk);
        }
        chunk.Frames.Batch?.Release();
        FailSend();
    }

    /// <summary>The peer's window is full: waits for the socket to take the rest.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendRestAsync(Chunk chunk, int sent)
    {
        lock (_gate)
            _isBlocked = true;
        bool alive = _output is IFrameOutput output ? await SendFramesAsync(output, chunk.Frames) : await SendBytesAsync(chunk, sent);
        lock (_gate)
            _isBlocked = false;
        return alive;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendBytesAsync(Chunk chunk, int sent)
    {
        var rest = chunk.Keep(sent, out byte[]? copy);
        bool alive = true;
        for (; alive && !rest.IsEmpty; rest = rest[Math.Min(Chunk.MaxBytes, rest.Length)..])
        {
            alive = await _output.SendAsync(rest[..Math.Min(Chunk.MaxBytes, rest.Length)]);
            Volatile.Write(ref _relieved, _relieved + 1);
        }
        if (copy is not null)
            ArrayPool<byte>.Shared.Return(copy);
        return alive;
    }

    /// <summary>Sends an entry, and with one flush those that are queued behind it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendFramesAsync(IFrameOutput output, QueuedFrames first)
    {
        bool alive = await output.WriteAsync(first);
        while (alive && !output.IsFull && TryTakeMore(out var frames))
        {
            _metrics.Sent(frames.Count, frames.Length);
            alive = await output.WriteAsync(frames);
            frames.Batch!.Release();
        }
        alive = alive && await output.FlushAsync();
        Volatile.Write(ref _relieved, _relieved + 1);
        return alive;
    }

    private bool TryTakeMore(out QueuedFrames frames)
    {
        lock (_gate)
        {
            if (!_queue.TryDequeue(out frames))
                return false;
            RecallPresence();
            return true;
        }
    }

    private void FailSend()
    {
        lock (_gate)
        {
            _isSending = false;
            MarkGone();
        }
    }

    private ValueTask WaitForReplies()
    {
        lock (_gate)
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

    /// <summary>Called with the lock held, when something was sent. The owner asks for what may not be asked for under it.</summary>
    private void RecallPresence()
    {
        if (!_lacksPresence || _queue.Bytes > _limit / 2)
            return;
        _lacksPresence = false;
        ThreadPool.UnsafeQueueUserWorkItem(static owner => owner.OnPresenceDropped(), _owner, preferLocal: false);
    }
}
