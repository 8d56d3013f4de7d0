using System.Buffers;
using Gateway.Channels;
using Gateway.Protocol.WebSockets;

namespace Gateway.Connections;

/// <content>
/// How bytes leave. One thread sends at a time, without the lock: it takes what is queued, sends it with one system call, and
/// looks again. Where the peer's window is full the rest waits for the socket, and the queue fills behind it.
/// </content>
internal sealed partial class Outbox
{
    /// <summary>Several frames are put together up to this for one send; a copy of small frames is far cheaper than a second system call.</summary>
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Unsent bytes of a peer that takes them, above which who delivers helps to send.</summary>
    private const int BehindBytes = 64 * 1024;

    [ThreadStatic]
    private static byte[]? _chunk;

    /// <summary>Called by the send queue.</summary>
    public void SendScheduled()
    {
        lock (_gate)
            _isScheduled = false;
        Pump();
    }

    /// <summary>Whether the caller, who holds the lock, is to put this into the send queue.</summary>
    private bool Schedule()
    {
        bool schedule = !_isScheduled && !_isSending && !_queue.IsEmpty;
        _isScheduled |= schedule;
        return schedule;
    }

    private void Put(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        if (_queue.OpenReplies() is { } open && open.HasRoomFor(payload.Length))
        {
            open.Append(opcode, payload);
            _queue.Extend(open);
            return;
        }
        var batch = FrameBatch.Of(opcode, payload);
        _queue.Enqueue(new QueuedFrames(batch, 0, 1, null));
        batch.Release();
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
            if (HasRoomFor(frame, ref overflow))
                _queue.Enqueue(frame);
        }
    }

    /// <summary>Sends what is queued, unless another thread is at it.</summary>
    private void Pump()
    {
        lock (_gate)
        {
            if (_isSending || _queue.IsEmpty || _state == State.Gone)
                return;
            _isSending = true;
        }
        SendQueued();
    }

    private void SendQueued()
    {
        while (TryTake(out var frames, out int chunk, out int count))
        {
            var bytes = frames.Batch is null ? _chunk.AsSpan(0, chunk) : frames.Bytes;
            // Before it is: what a client has seen has been counted.
            _metrics.Sent(count, bytes.Length);
            int sent = _output.TrySend(bytes);
            if (sent < 0)
            {
                frames.Batch?.Release();
                Stop();
                return;
            }
            if (sent < bytes.Length)
            {
                _ = SendRestAsync(frames, sent, chunk);
                return;
            }
            frames.Batch?.Release();
        }
    }

    /// <summary>Takes the first entry, or several put together in this thread's chunk. False when there is none: the sending has ended.</summary>
    private bool TryTake(out QueuedFrames frames, out int chunk, out int count)
    {
        lock (_gate)
        {
            chunk = count = 0;
            if (_state == State.Gone || !_queue.TryDequeue(out frames))
            {
                frames = default;
                _isSending = false;
                LetGo();
                return false;
            }
            if (_repliesSent is not null && _queue.ReplyBytes <= ReplyBytes)
                LetReadLoopGo();
            count = frames.Count;
            int next = _queue.FirstLength();
            if (next == 0 || frames.Length + next > ChunkBytes)
                return true;
            count = 0;
            _chunk ??= GC.AllocateUninitializedArray<byte>(ChunkBytes);
            do
            {
                frames.Bytes.CopyTo(_chunk.AsSpan(chunk));
                chunk += frames.Length;
                count += frames.Count;
                frames.Batch!.Release();
                frames = default;
                next = _queue.FirstLength();
            }
            while (next > 0 && chunk + next <= ChunkBytes && _queue.TryDequeue(out frames));
            return true;
        }
    }

    /// <summary>The peer's window is full: waits for the socket to take the rest, then goes on.</summary>
    private async Task SendRestAsync(QueuedFrames frames, int sent, int chunk)
    {
        byte[]? copy = null;
        ReadOnlyMemory<byte> rest;
        if (frames.Batch is null)
        {
            // A chunk belongs to its thread; what is left of it needs a home of its own.
            copy = ArrayPool<byte>.Shared.Rent(chunk - sent);
            _chunk.AsSpan(sent, chunk - sent).CopyTo(copy);
            rest = copy.AsMemory(0, chunk - sent);
        }
        else
        {
            rest = frames.Memory[sent..];
        }
        lock (_gate)
            _isBlocked = true;
        bool alive = true;
        for (; alive && !rest.IsEmpty; rest = rest[Math.Min(ChunkBytes, rest.Length)..])
        {
            alive = await _output.SendAsync(rest[..Math.Min(ChunkBytes, rest.Length)]);
            Volatile.Write(ref _relieved, _relieved + 1);
        }
        frames.Batch?.Release();
        if (copy is not null)
            ArrayPool<byte>.Shared.Return(copy);
        lock (_gate)
            _isBlocked = false;
        if (alive)
            SendQueued();
        else
            Stop();
    }

    private void Stop()
    {
        lock (_gate)
        {
            _isSending = false;
            Lose();
        }
    }

    private ValueTask WaitForReplies()
    {
        lock (_gate)
        {
            if (_state != State.Open || _queue.ReplyBytes <= ReplyBytes)
                return default;
            _repliesSent ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_repliesSent.Task);
        }
    }

    /// <summary>Everything queued has been sent.</summary>
    private void LetGo()
    {
        LetReadLoopGo();
        _drained?.TrySetResult();
    }

    private void Lose()
    {
        _state = State.Gone;
        _queue.Clear();
        LetGo();
    }
}
