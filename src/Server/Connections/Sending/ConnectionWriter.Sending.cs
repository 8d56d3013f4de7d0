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
    /// <summary>Several frames are put together up to this for one send; a copy of small frames is far cheaper than a second system call.</summary>
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Unsent bytes of a peer that takes them, above which who delivers helps to send.</summary>
    private const int BehindBytes = 64 * 1024;

    [ThreadStatic]
    private static byte[]? _gathered;

    /// <summary>What one system call sends: neighbouring frames of one batch, or what was gathered in the thread's buffer where there is no batch.</summary>
    private readonly record struct Chunk(QueuedFrames Frames, int Length, int Count)
    {
        public ReadOnlySpan<byte> Bytes(byte[]? gathered) => Frames.Batch is null ? gathered.AsSpan(0, Length) : Frames.Bytes;
    }

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

    private void Put(ReadOnlySpan<byte> message)
    {
        var replies = BeginReply(message.Length, out int start);
        _encoding.WriteReply(replies, message);
        EndReply(replies, start);
    }

    /// <summary>The batch at the end of the queue, where that is one of replies with room, or a new one.</summary>
    /// <param name="bytes">About as many bytes as the reply takes.</param>
    /// <param name="start">Where the reply begins.</param>
    private FrameBatch BeginReply(int bytes, out int start)
    {
        var replies = _queue.OpenReplies() is { } open && open.HasRoomFor(bytes) ? open : FrameBatch.Rent(_encoding);
        start = replies.Length;
        return replies;
    }

    /// <summary>Queues what was written to the batch, unless that was nothing.</summary>
    private void EndReply(FrameBatch replies, int start)
    {
        bool isNew = replies.Count == 0;
        if (replies.Length > start)
        {
            replies.EndFrame(start);
            if (isNew)
                _queue.Enqueue(new QueuedFrames(replies, 0, 1, null));
            else
                _queue.Extend(replies);
        }
        if (isNew)
            replies.Release();
    }

    private void EnqueueFrames(FrameBatch batch, Subscription subscription, ref Overflow overflow)
    {
        var entries = batch.Entries;
        for (int i = 0; i < entries.Length && !subscription.Ended && _state == State.Open; i++)
        {
            if (!entries[i].IsFor(subscription))
                continue;
            if (entries[i].Seq != 0)
                subscription.LastSeq = entries[i].Seq;
            var frame = new QueuedFrames(batch, i, i + 1, subscription);
            if (!HasRoomFor(frame, ref overflow))
                continue;
            _queue.Enqueue(frame);
            if (entries[i].Presence is { IsSnapshot: true } snapshot)
                subscription.FindPresence(snapshot.Version);
        }
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
        var bytes = chunk.Bytes(_gathered);
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
        int next = _queue.FirstLength();
        chunk = next == 0 || frames.Length + next > ChunkBytes ? new Chunk(frames, frames.Length, frames.Count) : Gather(frames, next);
        return true;
    }

    private Chunk Gather(QueuedFrames frames, int next)
    {
        int length = 0, count = 0;
        _gathered ??= GC.AllocateUninitializedArray<byte>(ChunkBytes);
        do
        {
            frames.Bytes.CopyTo(_gathered.AsSpan(length));
            length += frames.Length;
            count += frames.Count;
            frames.Batch!.Release();
            next = _queue.FirstLength();
        }
        while (next > 0 && length + next <= ChunkBytes && _queue.TryDequeue(out frames));
        return new Chunk(default, length, count);
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
        byte[]? copy = null;
        ReadOnlyMemory<byte> rest;
        if (chunk.Frames.Batch is null)
        {
            // The buffer belongs to its thread; what is left in it needs a home of its own.
            copy = ArrayPool<byte>.Shared.Rent(chunk.Length - sent);
            _gathered.AsSpan(sent, chunk.Length - sent).CopyTo(copy);
            rest = copy.AsMemory(0, chunk.Length - sent);
        }
        else
        {
            rest = chunk.Frames.Memory[sent..];
        }
        lock (_gate)
            _isBlocked = true;
        bool alive = true;
        for (; alive && !rest.IsEmpty; rest = rest[Math.Min(ChunkBytes, rest.Length)..])
        {
            alive = await _output.SendAsync(rest[..Math.Min(ChunkBytes, rest.Length)]);
            Volatile.Write(ref _relieved, _relieved + 1);
        }
        if (copy is not null)
            ArrayPool<byte>.Shared.Return(copy);
        lock (_gate)
            _isBlocked = false;
        return alive;
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
}
