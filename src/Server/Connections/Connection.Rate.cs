using Gateway.Protocol.WebSockets;
using Gateway.Server.Clock;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Options;

namespace Gateway.Server.Connections;

/// <content>
/// The rate limits. Every message, ping and pong takes one token, and one for each byte it came in, frame headers and all, or, where those
/// are more, for each byte that it was inflated to; a close frame is free. A message over the limit is held back before anybody looks into
/// it. Its bytes are charged all the same: they have been read, and until they are paid for nothing more is read.
/// </content>
internal sealed partial class Connection
{
    private RateMeter _rate;

    /// <summary>Null until a message is over the limit.</summary>
    private RateExcess? _excess;

    private bool TryPay(InputReader reader, long now, out long wait)
    {
        var limits = _services.Rates;
        wait = 0;
        if (!limits.IsUnlimited && !_rate.TryTake(limits, reader.Unpaid, now, out wait))
            return false;
        reader.Unpaid = 0;
        return true;
    }

    /// <summary>Does what is to be done with a frame over the limit.</summary>
    private ValueTask OnOverRate(ReceivedFrame frame, long now, long wait)
    {
        _excess ??= new RateExcess();
        var action = _services.Rates.Action;
        _services.Metrics.RateLimited(action);
        switch (action)
        {
            case RateAction.Delay:
                return DelayAsync(frame, wait);
            case RateAction.Reject when !_excess.HasManyRejections(_services.Clock.Now):
                return Reject(frame, now);
            default:
                RequestClose(CloseRequest.RateLimited);
                return default;
        }
    }

    private ValueTask Reject(ReceivedFrame frame, long now)
    {
        var reader = Reader;
        long wait = _rate.Charge(_services.Rates, reader.Unpaid, now);
        reader.Unpaid = 0;
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
        while (!TryPay(Reader, _services.Rates.Now, out wait));
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
            _excess!.Delay = wake;
            if (IsClosing)
                return false;
            _services.Delays.Add(wake, ticks);
            await wake.Task.ConfigureAwait(false);
        }
        finally
        {
            // What came meanwhile is unread, so the silence is not the client's.
            _heartbeat.Received(_services.Clock.Now);
            _excess!.Delay = null;
        }
        return !IsClosing;
    }

    private bool IsDelayed => Volatile.Read(ref _excess) is { Delay: not null };

    /// <summary>
    /// Called once <see cref="_close"/> is set, with a full fence between. This sets the request and then looks for a delay, the read loop
    /// enters its delay and then looks for a request: so one of the two sees the other.
    /// </summary>
    private void EndDelay() => Volatile.Read(ref _excess)?.Delay?.TrySetResult();
}
