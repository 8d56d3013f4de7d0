using System.Buffers;
using Gateway.Channels;
using Gateway.Protocol.WebSockets;

namespace Gateway.Connections;

/// <content>How bytes get into the pipe. Everything here runs under the lock.</content>
internal sealed partial class Outbox
{
    private void Put(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        int size = FrameWriter.HeaderSize(payload.Length) + payload.Length;
        if (IsClear && size <= ChunkBytes)
        {
            FrameWriter.Write(_pipe, opcode, payload);
            _unflushed += size;
            if (_unflushed > ReplyBytes)
                Flush();
            return;
        }
        var frame = FrameBatch.Of(opcode, payload);
        Enqueue(new QueuedFrame(frame, 0, null));
        frame.Release();
        Pump();
    }

    private void PutFrames(FrameBatch batch, Subscription subscription, ref Overflow overflow)
    {
        var entries = batch.Entries;
        for (int i = 0; i < entries.Length && !subscription.Ended && _state == State.Open; i++)
        {
            if (!entries[i].IsFor(subscription))
                continue;
            if (entries[i].Seq != 0)
                subscription.LastSeq = entries[i].Seq;
            var frame = new QueuedFrame(batch, i, subscription);
            if (IsClear && frame.Bytes.Length <= ChunkBytes)
            {
                _pipe.Write(frame.Bytes);
                _unflushed += frame.Bytes.Length;
            }
            else if (HasRoomFor(frame, ref overflow))
                Enqueue(frame);
        }
        if (_unflushed > 0 && IsClear)
            Flush();
        Pump();
    }

    private void Enqueue(QueuedFrame frame) => (_queue ??= new OutboxQueue()).Enqueue(frame);

    /// <summary>Moves queued frames into the pipe until it is full.</summary>
    private void Pump()
    {
        while (!_flushing && _queue is not null)
        {
            for (int room = ChunkBytes; room > 0 && !_queue.IsEmpty;)
            {
                var piece = _queue.Head;
                if (piece.Length > room)
                    piece = piece[..room];
                _pipe.Write(piece);
                room -= piece.Length;
                _queue.Advance(piece.Length);
            }
            if (_queue.IsEmpty)
                _queue = null;
            Flush();
        }
    }

    private void Flush()
    {
        _unflushed = 0;
        try
        {
            var flush = _pipe.FlushAsync().GetAwaiter();
            if (flush.IsCompleted)
            {
                if (flush.GetResult().IsCompleted)
                    Lose();
                return;
            }
            _flushing = true;
            _flush = flush;
            flush.UnsafeOnCompleted(_onFlushed ??= OnFlushed);
        }
        catch (Exception)
        {
            // The transport failed with whatever its peer did to it; its read loop sees the same and ends the connection.
            Lose();
        }
    }

    /// <summary>The pipe has room again.</summary>
    private void OnFlushed()
    {
        lock (_gate)
        {
            _flushing = false;
            try
            {
                if (_flush.GetResult().IsCompleted)
                    Lose();
            }
            catch (Exception)
            {
                // As in Flush.
                Lose();
            }
            if (_state == State.Gone)
                return;
            Pump();
            if (_queue is null || _queue.ReplyBytes <= ReplyBytes)
            {
                _repliesSent?.TrySetResult();
                _repliesSent = null;
            }
            if (IsClear)
                _drained?.TrySetResult();
        }
    }

    private void Lose()
    {
        _state = State.Gone;
        _queue?.Dispose();
        _queue = null;
        _repliesSent?.TrySetResult();
        _drained?.TrySetResult();
    }
}
