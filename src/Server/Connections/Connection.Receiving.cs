using System.Buffers;
using System.Runtime.CompilerServices;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Connections;

/// <content>The read loop: takes what the transport hands on, has it handled frame by frame, and sends the replies.</content>
internal sealed partial class Connection
{
    ValueTask IInputReceiver.OnInputAsync(ReadOnlySequence<byte> input)
    {
        if (!input.IsEmpty)
        {
            _heartbeat.Received(_services.Clock.Now);
            _services.Metrics.ReceivedBytes(input.Length);
        }
        return HandleAsync(input);
    }

    ValueTask<bool> IInputReceiver.OnConsumedAsync(bool isCompleted)
    {
        if (_heartbeat.TakePing())
            Writer.Ping(SendTiming.WithFlush);
        if (_posted is { IsEmpty: false })
            return DoPostedAsync(_posted, isCompleted);
        var flushed = Writer.FlushAsync();
        return flushed.IsCompletedSuccessfully ? new ValueTask<bool>(GoesOn(isCompleted)) : GoesOnAsync(flushed, isCompleted);
    }

    /// <summary>Handles what came. The state of this method is pooled: it waits only where a message takes its time.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask HandleAsync(ReadOnlySequence<byte> input)
    {
        try
        {
            while (true)
            {
                var pending = Handle(ref input, out bool more);
                if (!pending.IsCompletedSuccessfully)
                    await pending.ConfigureAwait(false);
                if (!more)
                    break;
            }
        }
        catch (Exception failure) when (!IsVanished(failure))
        {
            // Caught where the input is in order, so that the close frame and its answer go their usual way.
            Fail(failure);
        }
        // Our close frame and the peer's may cross: what is left may hold its answer, or the beginning of a frame that goes on later.
        if (IsClosing)
            Reader.IsAnswered = FindClose(ref input);
        ReturnReader();
    }

    /// <summary>What an idle connection holds of its input is nothing.</summary>
    private void ReturnReader()
    {
        if (_reader is not { Frames.IsBetweenMessages: true } reader)
            return;
        _reader = null;
        reader.Return();
    }

    private async ValueTask<bool> DoPostedAsync(PostedWork posted, bool isCompleted)
    {
        await posted.DoAsync(this).ConfigureAwait(false);
        await Writer.FlushAsync().ConfigureAwait(false);
        return GoesOn(isCompleted);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> GoesOnAsync(ValueTask flushed, bool isCompleted)
    {
        await flushed.ConfigureAwait(false);
        return GoesOn(isCompleted);
    }

    /// <summary>Whether there is more to receive after what was handled.</summary>
    private bool GoesOn(bool isCompleted)
    {
        bool isEnding = IsClosing || PeerClose is not null;
        _hasVanished = isCompleted && !isEnding;
        return !isCompleted && !isEnding;
    }

    /// <summary>Handles the frames of the input, up to one whose handling has to be awaited.</summary>
    /// <param name="input">What is left to handle.</param>
    /// <param name="more">Whether to call again after awaiting.</param>
    private ValueTask Handle(ref ReadOnlySequence<byte> input, out bool more)
    {
        more = true;
        long now = _services.Rates.Now;
        var reader = Reader;
        while (!IsClosing)
        {
            var frame = reader.Read(ref input);
            if (frame.CompressedBytes > 0)
                _services.Metrics.Inflated(frame.CompressedBytes, frame.Payload.Length);
            if (frame.Kind is FrameKind.NeedMoreData)
            {
                more = false;
                return default;
            }
            if (frame.Kind is FrameKind.Close)
            {
                reader.PeerClose = frame.Status;
                more = false;
                return default;
            }
            var handled = frame.Kind is FrameKind.Violation || TryPay(reader, now, out long wait)
                ? HandleFrame(frame)
                : OnOverRate(frame, now, wait);
            if (!handled.IsCompletedSuccessfully)
                return handled;
            if (Writer.HasManyReplies)
            {
                var flushed = Writer.FlushAsync();
                if (!flushed.IsCompletedSuccessfully)
                    return flushed;
            }
        }
        more = false;
        return default;
    }

    private ValueTask HandleFrame(ReceivedFrame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Text or FrameKind.Binary:
                return _dialect.OnMessageAsync(frame.Kind, frame.Payload);
            case FrameKind.Ping:
                Writer.Pong(frame.Payload.Span);
                break;
            case FrameKind.Pong when _heartbeat.TryAnswer(out var roundTrip):
                _services.Metrics.Answered(roundTrip);
                break;
            case FrameKind.Violation:
                RequestClose(CloseRequest.Violation(frame.Status));
                break;
        }
        return default;
    }
}
