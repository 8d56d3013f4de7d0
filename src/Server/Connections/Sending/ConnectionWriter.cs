using System.Buffers;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Metrics;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// Safe for any thread. The outgoing side of one connection: frames wait in a queue bounded by <c>Limits:OutboundBytes</c>
/// until somebody sends them, most of the time at once. Nobody who puts something in ever waits here but the connection's own
/// read loop, in <see cref="FlushAsync"/>.
/// </summary>
internal sealed partial class ConnectionWriter : ISubscriber
{
    /// <summary>Replies that may wait unsent before the read loop, which causes them, has to.</summary>
    public const int ReplyBytes = 16 * 1024;

    private enum State : byte
    {
        /// <summary>Takes everything.</summary>
        Open,

        /// <summary>Takes nothing more, except that <see cref="Close"/> may still be called.</summary>
        Completed,

        /// <summary>The close frame is on its way.</summary>
        Closing,

        /// <summary>The transport is gone.</summary>
        Gone,
    }

    private readonly Lock _gate = new();
    private readonly FrameEncoding _encoding;
    private readonly IOutput _output;
    private readonly IWriterOwner _owner;
    private readonly SendScheduler _sends;
    private readonly GatewayMetrics _metrics;
    private readonly int _limit;

    private FrameQueue _queue;
    private TaskCompletionSource? _repliesSent;
    private TaskCompletionSource? _drained;
    private int _relieved;
    private bool _isSending;
    private bool _isScheduled;
    private bool _isBlocked;
    private bool _waitsNoMore;

    /// <summary>Whether presence was dropped since the owner was last told that there is room.</summary>
    private bool _lacksPresence;
    private State _state;

    public ConnectionWriter(FrameEncoding encoding, IOutput output, IWriterOwner owner, SendScheduler sends, int limit, GatewayMetrics metrics)
    {
        _encoding = encoding;
        _output = output;
        _owner = owner;
        _sends = sends;
        _limit = limit;
        _metrics = metrics;
    }

    public string Id => _owner.Id;

    public FrameEncoding Encoding => _encoding;

    /// <summary>Bytes waiting in the queue, as counted against the limit.</summary>
    public long QueuedBytes
    {
        get
        {
            lock (_gate)
                return _queue.Bytes;
        }
    }

    /// <summary>Whether the transport has taken all that was queued.</summary>
    public bool HasSentAll
    {
        get
        {
            lock (_gate)
                return !_isSending && _queue.IsEmpty;
        }
    }

    /// <summary>Whether the peer takes nothing at the moment: its window is full.</summary>
    public bool IsBlocked => Volatile.Read(ref _isBlocked);

    /// <summary>How often the transport was full and has taken bytes again: while this counts up, there is somebody who reads.</summary>
    public long Relieved => Volatile.Read(ref _relieved);

    /// <summary>Queues a message; it leaves with the read loop's next flush.</summary>
    public void Send(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            if (_state == State.Open)
                Put(message);
        }
    }

    /// <summary>Queues a message of bytes; it leaves with the read loop's next flush.</summary>
    public void SendBinary(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            if (_state != State.Open)
                return;
            var replies = BeginReply(message.Length, out int start);
            _encoding.WriteBinary(replies, message);
            EndReply(replies, start);
        }
    }

    /// <summary>Sends a message from outside the read loop, at once.</summary>
    public void SendNow(ReadOnlySpan<byte> message)
    {
        Send(message);
        Pump();
    }

    /// <summary>Sends a message from outside the read loop, with what others send about now.</summary>
    public void SendSoon(ReadOnlySpan<byte> message)
    {
        bool schedule;
        lock (_gate)
        {
            if (_state == State.Open)
                Put(message);
            schedule = Schedule();
        }
        if (schedule)
            _sends.Add(this);
    }

    /// <summary>Sends a sign of life, from outside the read loop.</summary>
    public void Ping()
    {
        lock (_gate)
        {
            if (_state != State.Open)
                return;
            var replies = BeginReply(0, out int start);
            _encoding.WritePing(replies);
            EndReply(replies, start);
        }
        Pump();
    }

    /// <summary>Queues the answer to a client's ping; it leaves with the read loop's next flush.</summary>
    public void Pong(ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_state != State.Open)
                return;
            var replies = BeginReply(payload.Length, out int start);
            _encoding.WritePong(replies, payload);
            EndReply(replies, start);
        }
    }

    public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends)
    {
        Overflow overflow = default;
        bool schedule, isBehind;
        lock (_gate)
        {
            if (_state != State.Open || subscription.Ended)
                return true;
            bool wantsAll = !batch.IsSelective && (batch.FirstSeq == 0 || batch.FirstSeq > subscription.StartSeq);
            var all = new QueuedFrames(batch, 0, batch.Count, subscription);
            if (wantsAll && _queue.Bytes + all.Cost <= _limit)
            {
                subscription.LastSeq = batch.LastSeq;
                _queue.Enqueue(all);
            }
            else
            {
                EnqueueFrames(batch, subscription, ref overflow);
            }
            isBehind = !_isBlocked && _queue.Bytes > BehindBytes;
            schedule = Schedule();
        }
        if (schedule)
            _sends.Add(this, ref sends);
        Report(overflow);
        return !isBehind;
    }

    public void CatchUp() => _sends.Help();

    public void OnGap(Subscription subscription) => _owner.OnGap(subscription);

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
            lock (_gate)
                return _queue.ReplyBytes > ReplyBytes;
        }
    }

    /// <summary>Completes when everything queued so far was taken by the transport, or the transport is gone.</summary>
    public Task DrainedAsync()
    {
        Pump();
        lock (_gate)
        {
            if ((!_isSending && _queue.IsEmpty) || _state == State.Gone)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Queues a message about a subscription, in order with its deliveries: before those that come after the call.</summary>
    /// <returns>False when the subscription has ended: nothing is sent.</returns>
    public bool TrySend(Subscription subscription, ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            if (subscription.Ended)
                return false;
            subscription.IsAnswered = true;
            if (_state == State.Open)
                Put(message);
            return true;
        }
    }

    /// <summary>Sends a message that names the subscription's position, in its exact place among the subscription's messages.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="send">Sends the message, given the seq that the subscription has come to. Called under the writer's lock.</param>
    /// <returns>False when the subscription has ended: nothing is sent.</returns>
    public bool TrySendAt(Subscription subscription, Action<long> send)
    {
        lock (_gate)
        {
            if (subscription.Ended)
                return false;
            send(subscription.LastSeq);
            return true;
        }
    }

    /// <summary>
    /// Ends a subscription: after this no frame of it is queued. What is queued of it is still sent, unless <paramref name="drop"/>.
    /// </summary>
    public void End(Subscription subscription, bool drop)
    {
        lock (_gate)
        {
            subscription.Ended = true;
            if (drop)
                _queue.Drop(subscription);
        }
    }

    /// <summary>From now on the read loop waits for no reply to be sent: the connection is about to end.</summary>
    public void EndWaits()
    {
        lock (_gate)
        {
            // Remembered, for the read loop may still be in a handler and only then come to wait.
            _waitsNoMore = true;
            ReleaseReader();
        }
    }

    /// <summary>Takes nothing more and lets the read loop wait no longer; what is queued still goes out.</summary>
    public void CompleteAdding()
    {
        lock (_gate)
        {
            if (_state == State.Open)
                _state = State.Completed;
            _repliesSent?.TrySetResult();
        }
    }

    /// <summary>Queues last words and a close frame, and takes nothing after them.</summary>
    /// <param name="message">A message to go before the close frame; empty for none.</param>
    /// <param name="status">What the close frame says.</param>
    /// <param name="drop">Whether to drop what is queued, because the peer does not take it anyway.</param>
    public void Close(ReadOnlySpan<byte> message, CloseStatus status, bool drop)
    {
        lock (_gate)
        {
            if (_state is State.Closing or State.Gone)
                return;
            if (drop)
                _queue.Clear();
            if (!message.IsEmpty)
                Put(message);
            var replies = BeginReply(0, out int start);
            _encoding.WriteClose(replies, status);
            EndReply(replies, start);
            _state = State.Closing;
            _repliesSent?.TrySetResult();
        }
    }

    /// <summary>Takes nothing more and lets nobody wait; the transport is gone or about to be.</summary>
    public void Abort()
    {
        lock (_gate)
            MarkGone();
    }
}
