using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <content>What is for this client alone: replies, pings, last words. Frames of replies that wait are put together in one batch.</content>
internal sealed partial class ConnectionWriter : IReplyOutlet
{
    public bool Send(in Reply reply)
    {
        var apart = EncodingOf(reply).IsSlow(reply.Message.Length) ? WriteApart(reply) : null;
        bool isQueued = TryQueue(reply, apart, out bool schedule);
        apart?.Release();
        if (schedule)
            Scheduler.Add(this);
        if (isQueued && reply.Timing == SendTiming.Now)
            Pump();
        return isQueued;
    }

    public bool SendMessage(Subscription subscription, in Publication publication)
    {
        var channel = subscription.Channel.Name;
        int size = MessageBatch.SizeOf(channel, publication);
        var apart = Encoding.IsSlow(size) ? WriteApart(channel, publication) : null;
        bool isQueued;
        lock (this)
        {
            isQueued = !subscription.Ended;
            subscription.IsAnswered |= isQueued;
            if (isQueued && _state == State.Open && apart is not null)
                _queue.Enqueue(new QueuedFrames(apart, 0, 1, null));
            else if (isQueued && _state == State.Open)
                Put(channel, publication, size);
        }
        apart?.Release();
        return isQueued;
    }

    /// <summary>Queues the answer to the handshake, in front of everything else; it leaves with the first flush.</summary>
    public void Answer(ReadOnlySpan<byte> answer)
    {
        lock (this)
        {
            var replies = BeginReply(answer.Length, out int start);
            answer.CopyTo(replies.GetSpan(answer.Length));
            replies.Advance(answer.Length);
            EndReply(replies, start);
        }
    }

    /// <summary>Queues a message; it leaves with the read loop's next flush.</summary>
    public void Send(ReadOnlySpan<byte> message) => Send(new Reply { Message = message });

    /// <summary>Queues a message of bytes; it leaves with the read loop's next flush.</summary>
    public void SendBinary(ReadOnlySpan<byte> message)
    {
        lock (this)
        {
            if (_state != State.Open)
                return;
            var replies = BeginReply(message.Length, out int start);
            Encoding.WriteBinary(replies, message);
            EndReply(replies, start);
        }
    }

    /// <summary>Sends a sign of life, from the read loop with its next flush, or from outside it at once.</summary>
    public void Ping(SendTiming timing)
    {
        lock (this)
        {
            if (_state != State.Open)
                return;
            var replies = BeginReply(0, out int start);
            Encoding.WritePing(replies);
            EndReply(replies, start);
        }
        if (timing == SendTiming.Now)
            Pump();
    }

    /// <summary>Queues the answer to a client's ping; it leaves with the read loop's next flush.</summary>
    public void Pong(ReadOnlySpan<byte> payload)
    {
        lock (this)
        {
            if (_state != State.Open)
                return;
            var replies = BeginReply(payload.Length, out int start);
            Encoding.WritePong(replies, payload);
            EndReply(replies, start);
        }
    }

    /// <summary>Queues last words and the end of the conversation, and takes nothing after them.</summary>
    /// <param name="last">A message to go before the end; without a message for none.</param>
    /// <param name="status">The status of the end.</param>
    /// <param name="drop">Whether to drop what is queued, because the peer does not take it anyway.</param>
    public void Close(in Reply last, CloseStatus status, bool drop)
    {
        lock (this)
        {
            if (_state is State.Closing or State.Gone)
                return;
            if (drop)
                _queue.Clear();
            if (!last.Message.IsEmpty)
                Put(last);
            var replies = BeginReply(0, out int start);
            Encoding.WriteClose(replies, status);
            EndReply(replies, start);
            TakeNoMore(State.Closing);
        }
    }

    private FrameEncoding EncodingOf(in Reply reply) => reply.StaysPlain ? Encoding.Source : Encoding;

    /// <returns>False when the reply's subscription has ended.</returns>
    private bool TryQueue(in Reply reply, FrameBatch? apart, out bool schedule)
    {
        schedule = false;
        lock (this)
        {
            if (reply.Subscription is { } subscription)
            {
                if (subscription.Ended)
                    return false;
                subscription.IsAnswered = true;
            }
            if (_state == State.Open && apart is not null)
                _queue.Enqueue(new QueuedFrames(apart, 0, 1, null));
            else if (_state == State.Open)
                Put(reply);
            schedule = reply.Timing == SendTiming.Soon && Schedule();
            return true;
        }
    }

    private void Put(in Reply reply)
    {
        var replies = BeginReply(reply.Message.Length, out int start);
        Write(replies, reply);
        EndReply(replies, start, MarkOf(reply));
    }

    /// <summary>Writes a reply that takes long before the lock is taken: whoever delivers to the connection would wait for it.</summary>
    private FrameBatch WriteApart(in Reply reply)
    {
        var frames = FrameBatch.Rent(Encoding);
        Write(frames, reply);
        frames.EndFrame(start: 0, MarkOf(reply));
        return frames;
    }

    private void Write(FrameBatch output, in Reply reply) =>
        EncodingOf(reply).WriteReply(output, reply.Type, reply.Message, reply.RetryAfter);

    private PositionMark? MarkOf(in Reply reply) => reply.Change != PositionChange.None && Encoding.HasPositions
        ? new PositionMark(reply.Channel!, reply.Change, reply.Position)
        : null;

    private void Put(ChannelName channel, in Publication publication, int size)
    {
        var replies = BeginReply(size, out int start);
        Encoding.WriteMessage(replies, channel, publication);
        EndReply(replies, start, MarkOf(channel, publication));
    }

    private FrameBatch WriteApart(ChannelName channel, in Publication publication)
    {
        var frames = FrameBatch.Rent(Encoding);
        Encoding.WriteMessage(frames, channel, publication);
        frames.EndFrame(start: 0, MarkOf(channel, publication));
        return frames;
    }

    private PositionMark? MarkOf(ChannelName channel, in Publication publication) => Encoding.HasPositions
        ? new PositionMark(channel, PositionChange.Advance, new Position(Epoch: null!, publication.Seq))
        : null;

    /// <summary>The batch at the end of the queue, where that is one of replies with room, or a new one.</summary>
    /// <param name="bytes">About as many bytes as the reply takes.</param>
    /// <param name="start">Where the reply begins.</param>
    private FrameBatch BeginReply(int bytes, out int start)
    {
        var replies = _queue.OpenReplies() is { } open && open.HasRoomFor(bytes) ? open : FrameBatch.Rent(Encoding);
        start = replies.Length;
        return replies;
    }

    /// <summary>Queues what was written to the batch, unless that was nothing.</summary>
    private void EndReply(FrameBatch replies, int start, PositionMark? mark = null)
    {
        bool isNew = replies.Count == 0;
        if (replies.Length > start)
        {
            replies.EndFrame(start, mark);
            if (isNew)
                _queue.Enqueue(new QueuedFrames(replies, 0, 1, null));
            else
                _queue.Extend(replies);
        }
        if (isNew)
            replies.Release();
    }
}
