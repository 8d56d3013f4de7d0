using System.Buffers;
using Gateway.Options;
using Gateway.Protocol.WebSockets;

namespace Gateway.Connections;

/// <content>
/// The rate limits. Every message, ping and pong takes one token, and one for each byte it came in, frame headers and all; a
/// close frame is free. What is over the limit is held back here, before anybody looks into it.
/// </content>
internal sealed partial class Connection
{
    /// <summary>Protocol, "Rate limits": a client that was told so often and goes on does not listen.</summary>
    private const int RejectedInARow = 100;

    private RateMeter _rate;
    private TaskCompletionSource? _delay;
    private long _unpaid;
    private int _rejected;

    /// <summary>Reads the next frame and adds what it came in to what is to be paid for.</summary>
    private ReceivedFrame ReadFrame(ref ReadOnlySequence<byte> buffer)
    {
        long before = buffer.Length;
        var frame = _frames.Read(ref buffer);
        _unpaid += before - buffer.Length;
        return frame;
    }

    private bool TryPay(long now, out long wait)
    {
        var limits = _services.Rates;
        wait = 0;
        if (!limits.IsUnlimited && !_rate.TryTake(limits, _unpaid, now, out wait))
            return false;
        _unpaid = 0;
        _rejected = 0;
        return true;
    }

    /// <summary>Does what is to be done with a frame over the limit.</summary>
    private ValueTask OnOverRate(ReceivedFrame frame, long wait)
    {
        var action = _services.Rates.Action;
        _services.Metrics.RateLimited(action);
        switch (action)
        {
            case RateAction.Delay:
                return DelayAsync(frame, wait);
            case RateAction.Reject when ++_rejected < RejectedInARow:
                _unpaid = 0;
                // A ping over the limit has no answer: one would be another message for each.
                if (frame.Kind is FrameKind.Text or FrameKind.Binary)
                    _handler.OnRateLimited(frame.Kind, frame.Payload, _services.Rates.Milliseconds(wait));
                return default;
            default:
                RequestClose(CloseRequest.RateLimited);
                return default;
        }
    }

    /// <summary>Waits until the frame can be paid for, then handles it. Meanwhile nothing is read.</summary>
    private async ValueTask DelayAsync(ReceivedFrame frame, long wait)
    {
        // The answers to what came before do not wait with it.
        await Outbox.FlushAsync();
        try
        {
            do
            {
                var wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Interlocked.Exchange(ref _delay, wake);
                if (IsClosing)
                    return;
                _services.Delays.Add(wake, wait);
                await wake.Task;
            }
            while (!IsClosing && !TryPay(_services.Rates.Now, out wait));
        }
        finally
        {
            // What came meanwhile is unread, so the silence is not the client's.
            _lastReceived = _services.Sweep.Now;
            _delay = null;
        }
        if (IsClosing)
            return;
        var handled = HandleFrame(frame);
        if (!handled.IsCompletedSuccessfully)
            await handled;
    }

    private bool IsDelayed => Volatile.Read(ref _delay) is not null;

    /// <summary>For who has set <see cref="_close"/>: one of it and the read loop sees the other.</summary>
    private void EndDelay() => Interlocked.CompareExchange(ref _delay, null, null)?.TrySetResult();
}
