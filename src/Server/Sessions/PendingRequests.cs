using Gateway.Server.Backplane;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// One client's requests that are not answered yet, bounded by what their answers may cost. Requests come from the read loop alone and may
/// end on any thread.
/// </summary>
/// <remarks>
/// Requests for one channel are begun one after the other, those for different channels beside each other; publishes of one channel, which
/// the backplane keeps in order, beside each other too.
/// </remarks>
internal sealed partial class PendingRequests
{
    /// <summary>The cost of a publish, beside its payload.</summary>
    public const int PublishCost = 64;

    /// <summary>
    /// Some hundreds of usual messages: enough to hide a round trip of several milliseconds. Or 128 plain subscribes, or four times a
    /// page of history.
    /// </summary>
    private const int MaxCost = 64 * 1024;

    private readonly ChannelSession _session;
    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, RequestLane> _lanes = new(ChannelNameComparer.Instance);
    private readonly Dictionary<ChannelName, RequestLane>.AlternateLookup<ReadOnlySpan<byte>> _lanesByUtf8;
    private RequestLane? _spare;
    private int _cost;
    private int _publishes;

    public PendingRequests(ChannelSession session)
    {
        _session = session;
        _lanesByUtf8 = _lanes.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Finds the lane in which a request has to wait for its turn; null where it may begin at once.</summary>
    /// <param name="channel">The channel, if it is a name at all.</param>
    /// <param name="isPublish">Whether it is a publish, which need not wait for others.</param>
    public RequestLane? BusyLane(ReadOnlySpan<byte> channel, bool isPublish)
    {
        lock (_gate)
        {
            if (_lanes.Count == 0 || !_lanesByUtf8.TryGetValue(channel, out var lane))
                return null;
            return lane.IsBusy || lane.Waiting.Count > 0 || (!isPublish && lane.Publishes > 0) ? lane : null;
        }
    }

    /// <summary>Notes a request that was begun, for a channel that was not busy.</summary>
    /// <param name="request">The request.</param>
    /// <param name="running">What is left to do of it.</param>
    public void Add(ChannelRequest request, ValueTask running)
    {
        int cost = request.Cost;
        var guarded = GuardAsync(running);
        RequestLane lane;
        lock (_gate)
        {
            _cost += cost;
            lane = LaneOf(request.Channel);
            lane.IsBusy = true;
        }
        _ = RunAsync(lane, new RequestTurn(() => guarded, cost, IsPublish: false));
    }

    /// <summary>Has a request begin when its turn comes.</summary>
    /// <param name="lane">The <see cref="BusyLane"/> of its channel.</param>
    /// <param name="request">The request.</param>
    public void Enqueue(RequestLane lane, ChannelRequest request)
    {
        request.Asked = _session.Milliseconds;
        int cost = request.Cost + request.HeldBytes;
        Enqueue(lane, new RequestTurn(() => GuardAsync(RunInTurnAsync(request)), cost, request is QueuedPublish));
    }

    /// <summary>Completes when the turn of a channel's next request has come, which the caller then does within that turn.</summary>
    /// <param name="lane">The <see cref="BusyLane"/> of the channel.</param>
    /// <param name="isPublish">Whether the request is a publish.</param>
    public ValueTask TurnAsync(RequestLane lane, bool isPublish)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task Take()
        {
            turn.SetResult();
            return Task.CompletedTask;
        }
        Enqueue(lane, new RequestTurn(Take, Cost: 0, isPublish));
        return new ValueTask(turn.Task);
    }

    /// <summary>
    /// Notes a publish that was begun, and answers it when the backplane has; the client's next publishes do not wait for that.
    /// </summary>
    /// <param name="publishing">What is left to do of it.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="id">The request's id.</param>
    /// <param name="length">Bytes of its payload, which count as its cost.</param>
    public void AddPublish(ValueTask<PublishResult> publishing, ChannelName channel, byte[] id, int length)
    {
        int cost = PublishCost + length;
        _ = AnswerAsync(publishing, BeginPublish(channel, cost), id, cost);
    }

    private async Task AnswerAsync(ValueTask<PublishResult> publishing, RequestLane lane, byte[] id, int cost)
    {
        try
        {
            _session.Answer(await publishing.ConfigureAwait(false), lane.Channel, id, SendTiming.Soon);
        }
        catch (Exception failure)
        {
            LogPublishFailed(_session.Services.Log, failure, _session.Connection.Id);
            _session.Connection.RequestClose(CloseRequest.InternalError);
        }
        finally
        {
            EndPublish(lane, cost);
        }
    }

    private RequestLane BeginPublish(ChannelName channel, int cost)
    {
        lock (_gate)
        {
            _cost += cost;
            var lane = LaneOf(channel);
            lane.Publishes++;
            _publishes++;
            return lane;
        }
    }

    private void EndPublish(RequestLane lane, int cost)
    {
        RequestTurn next;
        lock (_gate)
        {
            lane.Publishes--;
            if (--_publishes == 0)
                ReleasePublishes();
            Pay(cost);
            if (!TryTakeTurn(lane, out next))
                return;
        }
        _ = RunAsync(lane, next);
    }

    private void Enqueue(RequestLane lane, RequestTurn turn)
    {
        RequestTurn first;
        lock (_gate)
        {
            _cost += turn.Cost;
            lane.Waiting.Enqueue(turn);
            // The request that this one was to wait for may have ended since the lane was looked up. Only the read loop adds lanes, so the
            // channel has no other.
            _lanes.TryAdd(lane.Channel, lane);
            if (!TryTakeTurn(lane, out first))
                return;
        }
        _ = RunAsync(lane, first);
    }

    private async Task RunAsync(RequestLane lane, RequestTurn turn)
    {
        // The thread that ended the request before has other answers to give.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            await turn.Run().ConfigureAwait(false);
            lock (_gate)
            {
                Pay(turn.Cost);
                lane.IsBusy = false;
                if (!TryTakeTurn(lane, out turn))
                    return;
            }
        }
    }

    private async ValueTask RunInTurnAsync(ChannelRequest request) => await request.RunInTurnAsync(_session).ConfigureAwait(false);

    /// <summary>
    /// Goes on with a request beside the read loop, sends its answer, and waits until the client takes it. Does not fail.
    /// </summary>
    private Task GuardAsync(ValueTask running) => GuardAsync(_session, running);

    /// <summary>Lets something go on by itself: a failure is logged and closes the connection.</summary>
    public static async Task GuardAsync(ChannelSession session, ValueTask running)
    {
        try
        {
            await running.ConfigureAwait(false);
            await session.Connection.Writer.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LogRequestFailed(session.Services.Log, failure, session.Connection.Id);
            session.Connection.RequestClose(CloseRequest.InternalError);
        }
    }

    /// <summary>Takes the first that waits, if it may begin. A lane with nothing in it is given up. Called with the lock held.</summary>
    private bool TryTakeTurn(RequestLane lane, out RequestTurn turn)
    {
        if (!lane.IsBusy && lane.Waiting.TryPeek(out turn) && (turn.IsPublish || lane.Publishes == 0))
        {
            lane.Waiting.Dequeue();
            return lane.IsBusy = true;
        }
        turn = default;
        if (!lane.IsBusy && lane.Waiting.Count == 0 && lane.Publishes == 0)
        {
            _lanes.Remove(lane.Channel);
            // A client that publishes to one channel all the time needs no other lane.
            _spare = lane;
        }
        return false;
    }

    private RequestLane LaneOf(ChannelName channel)
    {
        if (_lanes.TryGetValue(channel, out var lane))
            return lane;
        lane = _spare is { } spare && ReferenceEquals(spare.Channel, channel) ? spare : new RequestLane(channel);
        _lanes.Add(channel, lane);
        return lane;
    }

    private void Pay(int cost)
    {
        _cost -= cost;
        if (_cost <= _wanted)
            Release();
    }

    [LoggerMessage(21, LogLevel.Error, "A message of connection {Connection} could not be published; it is closed with 1011.")]
    private static partial void LogPublishFailed(ILogger log, Exception failure, ConnectionId connection);

    [LoggerMessage(22, LogLevel.Error, "A request of connection {Connection} failed; it is closed with 1011.")]
    private static partial void LogRequestFailed(ILogger log, Exception failure, ConnectionId connection);
}
