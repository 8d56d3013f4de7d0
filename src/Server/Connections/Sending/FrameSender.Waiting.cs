using System.Buffers;
using System.Runtime.CompilerServices;

namespace Gateway.Server.Connections.Sending;

/// <content>What is sent where the transport has to be waited for: the slow path, behind a send that was not taken whole.</content>
internal abstract partial class FrameSender
{
    /// <summary>
    /// Goes on where the transport did not take all at once, until nothing is queued. A loop: a pipe takes everything this way, mostly
    /// without a wait, and calls of one another would nest as deep as the queue is long.
    /// </summary>
    private async Task SendWaitingAsync(Chunk chunk, int sent)
    {
        while (sent >= 0)
        {
            bool isSent = sent == chunk.Length || await SendRestAsync(chunk, sent).ConfigureAwait(false);
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
        lock (this)
            _isBlocked = true;
        bool alive = output is IFrameOutput frames
            ? await SendFramesAsync(frames, chunk.Frames).ConfigureAwait(false)
            : await SendBytesAsync(chunk, sent).ConfigureAwait(false);
        lock (this)
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
            alive = await output.SendAsync(rest[..Math.Min(Chunk.MaxBytes, rest.Length)]).ConfigureAwait(false);
            Volatile.Write(ref _relieved, _relieved + 1);
        }
        if (copy is not null)
            ArrayPool<byte>.Shared.Return(copy);
        return alive;
    }

    /// <summary>Sends an entry, and with one flush those that are queued behind it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendFramesAsync(IFrameOutput stream, QueuedFrames first)
    {
        bool alive = await stream.WriteAsync(first).ConfigureAwait(false);
        while (alive && !stream.IsFull && TryTakeMore(out var frames))
        {
            scheduler.Metrics.Sent(frames.Count, frames.Length);
            alive = await stream.WriteAsync(frames).ConfigureAwait(false);
            frames.Batch!.Release();
        }
        alive = alive && await stream.FlushAsync().ConfigureAwait(false);
        Volatile.Write(ref _relieved, _relieved + 1);
        return alive;
    }

    private bool TryTakeMore(out QueuedFrames frames)
    {
        lock (this)
        {
            if (!_queue.TryDequeue(out frames))
                return false;
            OnTaken();
            return true;
        }
    }

    private void FailSend()
    {
        lock (this)
        {
            _isSending = false;
            MarkGone();
        }
    }
}
