using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content>
/// In which order requests are done. What can be answered at once is. What has to wait for the backplane goes on beside the read loop,
/// and only requests for the same channel wait for it; so a ping is answered, and other channels are served, while one Redis is silent.
/// </content>
internal sealed partial class ChannelSession
{
    /// <summary>
    /// Within this a request is begun. With the time of one call to the backplane its answer still comes within the protocol's 5 s.
    /// </summary>
    private const long TurnMilliseconds = 2_500;

    /// <summary>Within this a request of several calls is answered; the rest of the 5 s is for the way.</summary>
    private const long AnswerMilliseconds = 4_000;

    /// <summary>
    /// A sixteenth of what a page of history, or of missed messages, may hold of memory; what a presence snapshot holds is counted as
    /// such a page.
    /// </summary>
    private const int HistoryCost = HistoryBytes / 16, PageCost = PageBytes / 16;

    private const int RequestCost = 512;

    /// <summary>Null until the backplane took its time for the first.</summary>
    private PendingRequests? _pending;

    private long Now => _services.Time.GetMilliseconds();

    /// <inheritdoc/>
    public ValueTask FinishAsync()
    {
        if (_pending is not { } pending)
            return default;
        // For a client that is leaving nothing has to begin.
        EndAll();
        return pending.DoneAsync();
    }

    /// <inheritdoc/>
    public ValueTask AnswerPublishesAsync() => _pending?.PublishesDoneAsync() ?? default;

    /// <inheritdoc/>
    public void OnClosing() => Volatile.Read(ref _pending)?.ReleaseReader();

    /// <summary>Does what concerns one channel: at once, unless something of that channel is under way.</summary>
    private ValueTask InTurn(in ClientMessage message, ReadOnlyMemory<byte> payload)
    {
        bool isPublish = message.Type == ClientMessageType.Message;
        if (_pending?.BusyLane(message.Channel, isPublish) is { } lane)
            return WaitForTurn(lane, isPublish, CostOf(message, lane.Channel), payload);
        var doing = Do(message, isPublish ? 0 : Now);
        // What a publish waits for is its channel's own subscribers here; its answer comes by itself.
        if (isPublish)
            return doing.IsCompletedSuccessfully ? WaitForCapacityAsync() : doing;
        if (doing.IsCompletedSuccessfully)
            return default;
        var name = NameOf(message.Channel, out _)!;
        Pending.Add(name, CostOf(message, name), GuardAsync(doing));
        return WaitForCapacityAsync();
    }

    /// <summary>Apart from the usual way, which would pay for what this captures.</summary>
    private ValueTask WaitForTurn(PendingRequests.Lane lane, bool isPublish, int cost, ReadOnlyMemory<byte> payload)
    {
        byte[] copy = payload.ToArray();
        long asked = Now;
        Pending.Enqueue(lane, isPublish, cost + copy.Length, () => GuardAsync(OnTurnAsync(copy, asked)));
        return WaitForCapacityAsync();
    }

    /// <summary>The same for what nobody sent as a message.</summary>
    private void Begin(ChannelName channel, int cost, Func<long, ValueTask> request)
    {
        long asked = Now;
        if (_pending?.BusyLane(channel.Utf8, isPublish: false) is { } lane)
        {
            _pending.Enqueue(lane, isPublish: false, cost, () => GuardAsync(request(asked)));
            return;
        }
        var doing = request(asked);
        if (!doing.IsCompletedSuccessfully)
            Pending.Add(channel, cost, GuardAsync(doing));
    }

    /// <summary>
    /// Completes when nothing of the message's channel is under way that it has to wait for. Nothing else is read meanwhile.
    /// </summary>
    private ValueTask TurnAsync(ReadOnlyMemory<byte> payload)
    {
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        bool isPublish = message.Type == ClientMessageType.Message;
        if (_pending?.BusyLane(message.Channel, isPublish) is not { } lane)
            return default;
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending.Enqueue(lane, isPublish, cost: 0, () =>
        {
            turn.SetResult();
            return Task.CompletedTask;
        });
        return new ValueTask(turn.Task);
    }

    /// <param name="message">About one channel.</param>
    /// <param name="asked">When it was read; not looked at for a publish.</param>
    private ValueTask Do(in ClientMessage message, long asked)
    {
        switch (message.Type)
        {
            case ClientMessageType.Message:
                return Publish(message, message.Content);
            case ClientMessageType.Subscribe:
                return Subscribe(message, asked);
            case ClientMessageType.Presence:
                return ReadPresence(message, asked);
            case ClientMessageType.History:
                return ReadHistory(message);
            default:
                Unsubscribe(message);
                return default;
        }
    }

    private async ValueTask OnTurnAsync(byte[] payload, long asked)
    {
        // As the read loop, which handles nothing more then.
        if (!_connection.IsClosing)
            await OnTurn(payload, asked);
    }

    private ValueTask OnTurn(ReadOnlyMemory<byte> payload, long asked)
    {
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        if (message.Type == ClientMessageType.Unsubscribe || Now - asked <= TurnMilliseconds)
            return Do(message, asked);
        SendError(SessionError.Unavailable, message);
        return default;
    }

    private PendingRequests Pending
    {
        get
        {
            if (_pending is null)
                Volatile.Write(ref _pending, new PendingRequests());
            return _pending;
        }
    }

    /// <summary>Completes at once unless too much is under way. Whoever reads no more meanwhile has its client wait, by TCP.</summary>
    private ValueTask WaitForCapacityAsync() => _pending is { IsFull: true } pending ? WaitForRoomAsync(pending) : default;

    private async ValueTask WaitForRoomAsync(PendingRequests pending)
    {
        // The answers to what came before do not wait with it.
        await Writer.FlushAsync();
        // Who asks for the close does so before it looks for what is pending; here it is the other way round.
        if (!_connection.IsClosing)
            await pending.WaitForCapacityAsync();
        // What came meanwhile is unread. Not held, though: a client that does not take its answers is to be found out.
        _connection.ResumeHeartbeat();
    }

    /// <summary>
    /// Goes on with a request beside the read loop, sends its answer, and waits until the client takes it. Does not fail.
    /// </summary>
    private async Task GuardAsync(ValueTask doing)
    {
        try
        {
            await doing;
            await Writer.FlushAsync();
        }
        catch (Exception failure)
        {
            LogRequestFailed(_services.Log, failure, _connection.Id);
            _connection.RequestClose(CloseRequest.InternalError);
        }
    }

    private static int CostOf(in ClientMessage message, ChannelName channel) => message.Type switch
    {
        ClientMessageType.Subscribe => CostOfSubscribe(channel, message.HasRecover),
        ClientMessageType.Presence => PageCost,
        ClientMessageType.History => HistoryCost,
        _ => PendingRequests.PublishCost,
    };

    private static int CostOfSubscribe(ChannelName channel, bool recovers) =>
        recovers || channel.Namespace.Rules.Presence ? PageCost : RequestCost;

    [LoggerMessage(22, LogLevel.Error, "A request of connection {Connection} failed; it is closed with 1011.")]
    private static partial void LogRequestFailed(ILogger log, Exception failure, string connection);
}
