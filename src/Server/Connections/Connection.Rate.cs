using System.Buffers;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Clock;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Options;

namespace Gateway.Server.Connections;

/// <content>
/// The rate limits. Every message, ping and pong takes one token, and one for each byte it came in, frame headers and all; a
/// close frame is free. A message over the limit is held back before anybody looks into it. Its bytes are charged all the same: they
/// have been read, and until they are paid for nothing more is read.
/// </content>
internal sealed partial class Connection
{
    /// <summary>
    /// Messages rejected within <see cref="RejectionMilliseconds"/> before the connection is closed: such a client does not listen.
    /// </summary>
    private const int MaxRejections = 100;

    private const long RejectionMilliseconds = 10_000;

    private RateMeter _rate;
    private TaskCompletionSource? _delay;
    private long _unpaid;
    private int _rejections;
    private long _firstRejection;

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
        return true;
    }

    /// <summary>Does what is to be done with a frame over the limit.</summary>
    private ValueTask OnOverRate(ReceivedFrame frame, long now, long wait)
    {
        var action = _services.Rates.Action;
        _services.Metrics.RateLimited(action);
        switch (action)
        {
            case RateAction.Delay:
                return DelayAsync(frame, wait);
            case RateAction.Reject when !HasManyRejections():
                return Reject(frame, now);
            default:
                RequestClose(CloseRequest.RateLimited);
                return default;
        }
    }

    /// <summary>Counts one more, over time and not in a row: a message that is let through in between forgives nothing.</summary>
    private bool HasManyRejections()
    {
        long now = _services.Clock.Now;
        if (_rejections == 0 || now - _firstRejection >= RejectionMilliseconds)
            (_rejections, _firstRejection) = (0, now);
        return ++_rejections >= MaxRejections;
    }

    private ValueTask Reject(ReceivedFrame frame, long now)
    {
        long wait = _rate.Charge(_services.Rates, _unpaid, now);
        _unpaid = 0;
        // A ping over the limit has no answer: one would be another message for each.
        if (frame.Kind is FrameKind.Text or FrameKind.Binary)
            _dialect.OnRateLimited(frame.Kind, frame.Payload, _services.Rates.Milliseconds(wait));
        return _rate.Debt(_services.Rates, 0, now) == 0 ? default : PayDebtAsync();
    }

    private async ValueTask PayDebtAsync()
    {
        long debt;
        while ((debt = _rate.Debt(_services.Rates, 0, _services.Rates.Now)) > 0 && await WaitAsync(debt).ConfigureAwait(false))
        {
        }
    }

    /// <summary>Waits until the frame can be paid for, then handles it.</summary>
    private async ValueTask DelayAsync(ReceivedFrame frame, long wait)
    {
        do
        {
            if (!await WaitAsync(wait).ConfigureAwait(false))
                return;
        }
        while (!TryPay(_services.Rates.Now, out wait));
        var handled = HandleFrame(frame);
        if (!handled.IsCompletedSuccessfully)
            await handled.ConfigureAwait(false);
    }

    /// <summary>Reads nothing for so many ticks, or for a second if they are more.</summary>
    /// <returns>False when the connection is to end.</returns>
    private async ValueTask<bool> WaitAsync(long ticks)
    {
        // The answers to what came before do not wait with it.
        await Writer.FlushAsync().ConfigureAwait(false);
        try
        {
            var wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Exchange(ref _delay, wake);
            if (IsClosing)
                return false;
            _services.Delays.Add(wake, ticks);
            await wake.Task.ConfigureAwait(false);
        }
        finally
        {
            // What came meanwhile is unread, so the silence is not the client's.
            _heartbeat.Received(_services.Clock.Now);
            _delay = null;
        }
        return !IsClosing;
    }

    private bool IsDelayed => Volatile.Read(ref _delay) is not null;

    /// <summary>
    /// Called once <see cref="_close"/> is set. This sets the request and then looks for a delay, the read loop enters its delay and then
    /// looks for a request: so one of the two sees the other.
    /// </summary>
    private void EndDelay() => Interlocked.CompareExchange(ref _delay, null, null)?.TrySetResult();
}
