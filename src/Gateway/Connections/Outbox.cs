using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Gateway.Channels;
using Gateway.Diagnostics;
using Gateway.Protocol.WebSockets;

namespace Gateway.Connections;

/// <summary>
/// Safe for any thread. The outgoing side of one connection: frames go straight into the transport's pipe while there is room,
/// and wait in a queue bounded by <c>Limits:OutboundBytes</c> while there is none. Nobody who sends ever waits here but the
/// connection's own read loop, in <see cref="FlushAsync"/>.
/// </summary>
internal sealed partial class Outbox : ISubscriber
{
    /// <summary>Replies that may wait unsent before the read loop, which causes them, has to.</summary>
    public const int ReplyBytes = 16 * 1024;

    /// <summary>What is put into the pipe between two looks at its backpressure; larger frames go in pieces of this.</summary>
    private const int ChunkBytes = 64 * 1024;

    private enum State : byte
    {
        /// <summary>Takes everything.</summary>
        Open,

        /// <summary>Takes nothing more, except that <see cref="Close"/> may still be called.</summary>
        Shut,

        /// <summary>The close frame is on its way.</summary>
        Closing,

        /// <summary>The transport is gone.</summary>
        Gone,
    }

    private readonly Lock _gate = new();
    private readonly PipeWriter _pipe;
    private readonly IOutboxOwner _owner;
    private readonly GatewayMetrics _metrics;
    private readonly int _limit;

    private OutboxQueue? _queue;
    private TaskCompletionSource? _repliesSent;
    private TaskCompletionSource? _drained;
    private Action? _onFlushed;
    private ValueTaskAwaiter<FlushResult> _flush;
    private int _unflushed;
    private bool _flushing;
    private State _state;

    public Outbox(PipeWriter pipe, IOutboxOwner owner, int limit, GatewayMetrics metrics)
    {
        _pipe = pipe;
        _owner = owner;
        _limit = limit;
        _metrics = metrics;
    }

    public string Id => _owner.Id;

    /// <summary>Bytes waiting in the queue, as counted against the limit.</summary>
    public long QueuedBytes
    {
        get
        {
            lock (_gate)
                return _queue?.Bytes ?? 0;
        }
    }

    /// <summary>Whether something is waiting in the queue, at a glance: the answer may be old.</summary>
    public bool IsCongested => Volatile.Read(ref _queue) is not null;

    private bool IsClear => !_flushing && _queue is null;

    public void Send(ReadOnlySpan<byte> message) => Write(Opcode.Text, message);

    /// <summary>Sends one frame; it leaves with the next flush, at the latest that of the read loop.</summary>
    public void Write(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_state == State.Open)
                Put(opcode, payload);
        }
    }

    /// <summary>Sends one frame at once, from outside the read loop.</summary>
    public void WriteNow(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_state != State.Open)
                return;
            Put(opcode, payload);
            if (IsClear)
                Flush();
        }
    }

    public void Deliver(FrameBatch batch, Subscription subscription)
    {
        Overflow overflow = default;
        lock (_gate)
        {
            if (_state != State.Open || subscription.Ended)
                return;
            bool wantsAll = !batch.IsSelective && (batch.FirstSeq == 0 || batch.FirstSeq > subscription.StartSeq);
            if (wantsAll && IsClear && batch.Length <= ChunkBytes)
            {
                subscription.LastSeq = batch.LastSeq;
                _pipe.Write(batch.Bytes);
                Flush();
                return;
            }
            PutFrames(batch, subscription, ref overflow);
        }
        Report(overflow);
    }

    public void OnGap(Subscription subscription) => _owner.OnGap(subscription);

    /// <summary>
    /// Sends what the read loop wrote. Completes at once, also when the peer is slow, unless more than
    /// <see cref="ReplyBytes"/> of replies are waiting: then when they have gone.
    /// </summary>
    public ValueTask FlushAsync()
    {
        lock (_gate)
        {
            if (_unflushed > 0 && IsClear)
                Flush();
            if (_state != State.Open || _queue is null || _queue.ReplyBytes <= ReplyBytes)
                return default;
            _repliesSent ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_repliesSent.Task);
        }
    }

    /// <summary>Completes when everything written so far is in the transport's pipe, or the transport is gone.</summary>
    public Task DrainedAsync()
    {
        lock (_gate)
        {
            if (IsClear || _state == State.Gone)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Sends a message that names the subscription's position, in its exact place among the subscription's messages.</summary>
    public void SendAt(Subscription subscription, Func<long, ArrayBufferWriter<byte>> message)
    {
        lock (_gate)
        {
            if (_state == State.Open)
                Put(Opcode.Text, message(subscription.LastSeq).WrittenSpan);
        }
    }

    /// <summary>Ends a subscription: after this no frame of it is sent. What is queued of it still is, unless <paramref name="drop"/>.</summary>
    /// <returns>False when it had ended before.</returns>
    public bool End(Subscription subscription, bool drop = false)
    {
        lock (_gate)
        {
            if (subscription.Ended)
                return false;
            subscription.Ended = true;
            if (drop)
                _queue?.Drop(subscription);
            return true;
        }
    }

    /// <summary>Takes nothing more and lets the read loop wait no longer; what is queued still goes out.</summary>
    public void Shut()
    {
        lock (_gate)
        {
            if (_state == State.Open)
                _state = State.Shut;
            _repliesSent?.TrySetResult();
        }
    }

    /// <summary>Sends last words and a close frame, and takes nothing after them.</summary>
    /// <param name="farewell">A message to go before the close frame; empty for none.</param>
    /// <param name="status">What the close frame says.</param>
    /// <param name="drop">Whether to drop what is queued, because the peer does not take it anyway.</param>
    public void Close(ReadOnlySpan<byte> farewell, CloseStatus status, bool drop)
    {
        lock (_gate)
        {
            if (_state is State.Closing or State.Gone)
                return;
            if (drop)
                _queue?.Clear();
            if (!farewell.IsEmpty)
                Put(Opcode.Text, farewell);
            var frame = new ArrayBufferWriter<byte>(2 + 125);
            FrameWriter.WriteClose(frame, status);
            Put(Opcode.Close, frame.WrittenSpan[2..]);
            if (IsClear)
                Flush();
            if (_state != State.Gone)
                _state = State.Closing;
            _repliesSent?.TrySetResult();
        }
    }

    /// <summary>Takes nothing more and lets nobody wait; the transport is gone or about to be.</summary>
    public void Abandon()
    {
        lock (_gate)
            Lose();
    }
}
