using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// What one client has asked for and was not answered yet. Requests for one channel are begun one after the other, those for different
/// channels beside each other; publishes of one channel, which the backplane keeps in order, beside each other too. Bounded by what the
/// answers may cost. Requests come from the read loop alone and may end on any thread.
/// </summary>
internal sealed class PendingRequests
{
    /// <summary>
    /// Some hundreds of usual messages: enough to hide a round trip of several milliseconds. Or 128 plain subscribes, or four times a
    /// page of history.
    /// </summary>
    private const int MaxCost = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, Lane> _lanes = new(ChannelNameComparer.Instance);
    private readonly Dictionary<ChannelName, Lane>.AlternateLookup<ReadOnlySpan<byte>> _lanesByUtf8;
    private TaskCompletionSource? _waiting;
    private TaskCompletionSource? _waitingForPublishes;
    private Lane? _spare;
    private int _cost;
    private int _wanted;
    private int _publishes;
    private bool _isLetGo;

    public PendingRequests() => _lanesByUtf8 = _lanes.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>What a publish costs, beside its content.</summary>
    public const int PublishCost = 64;

    /// <summary>Where a request has to wait for its turn; null where it may begin at once.</summary>
    /// <param name="channel">The channel, if it is a name at all.</param>
    /// <param name="isPublish">Whether it is a publish, which need not wait for others.</param>
    public Lane? BusyLane(ReadOnlySpan<byte> channel, bool isPublish)
    {
        lock (_gate)
        {
            if (_lanes.Count == 0 || !_lanesByUtf8.TryGetValue(channel, out var lane))
                return null;
            return lane.IsBusy || lane.Waiting.Count > 0 || (!isPublish && lane.Publishes > 0) ? lane : null;
        }
    }

    /// <summary>Whether so much is under way that nothing more should be begun.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
                return _cost > MaxCost;
        }
    }

    /// <summary>Notes a request that was begun, for a channel that was not busy.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="cost">What the request may cost.</param>
    /// <param name="request">The request, which does not fail.</param>
    public void Add(ChannelName channel, int cost, Task request)
    {
        Lane lane;
        lock (_gate)
        {
            _cost += cost;
            lane = LaneOf(channel);
            lane.IsBusy = true;
        }
        _ = RunAsync(lane, new Turn(() => request, cost, IsPublish: false));
    }

    /// <summary>Has a request begin when its turn comes.</summary>
    /// <param name="lane">The <see cref="BusyLane"/> of its channel.</param>
    /// <param name="isPublish">Whether it is a publish.</param>
    /// <param name="cost">What the request may cost.</param>
    /// <param name="request">Begins it, on any thread; does not fail.</param>
    public void Enqueue(Lane lane, bool isPublish, int cost, Func<Task> request)
    {
        Turn first;
        lock (_gate)
        {
            _cost += cost;
            lane.Waiting.Enqueue(new Turn(request, cost, isPublish));
            // What it was to wait for may have ended since the lane was looked up. Only the read loop adds lanes: there is no other for
            // the channel.
            _lanes.TryAdd(lane.Channel, lane);
            if (!TryTakeTurn(lane, out first))
                return;
        }
        _ = RunAsync(lane, first);
    }

    /// <summary>A publish was begun.</summary>
    /// <returns>To be given to <see cref="EndPublish"/>.</returns>
    public Lane BeginPublish(ChannelName channel, int cost)
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

    public void EndPublish(Lane lane, int cost)
    {
        Turn next;
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

    /// <summary>Completes at once unless too much is under way; then when half of it is answered.</summary>
    public ValueTask WaitForCapacityAsync()
    {
        lock (_gate)
            return _cost <= MaxCost || _isLetGo ? default : Wait(MaxCost / 2);
    }

    /// <summary>Completes when all are answered, or the read loop is let go.</summary>
    public ValueTask DoneAsync()
    {
        lock (_gate)
            return _cost == 0 || _isLetGo ? default : Wait(0);
    }

    /// <summary>
    /// Completes when every publish that was begun is answered. For the end of the connection, whoever wants it: a message without an answer is
    /// sent again, which is a second one where it has no key.
    /// </summary>
    public ValueTask PublishesDoneAsync()
    {
        lock (_gate)
        {
            if (_publishes == 0)
                return default;
            _waitingForPublishes ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_waitingForPublishes.Task);
        }
    }

    /// <summary>Lets the read loop wait no longer, from now on.</summary>
    public void ReleaseReader()
    {
        lock (_gate)
        {
            _isLetGo = true;
            Release();
        }
    }

    private async Task RunAsync(Lane lane, Turn turn)
    {
        // Whoever ended what was before has others to answer.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            await turn.Request().ConfigureAwait(false);
            lock (_gate)
            {
                Pay(turn.Cost);
                lane.IsBusy = false;
                if (!TryTakeTurn(lane, out turn))
                    return;
            }
        }
    }

    /// <summary>Takes the first that waits, if it may begin. A lane with nothing in it is given up.</summary>
    private bool TryTakeTurn(Lane lane, out Turn turn)
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
            // Whoever publishes to one channel all the time needs no other.
            _spare = lane;
        }
        return false;
    }

    private Lane LaneOf(ChannelName channel)
    {
        if (_lanes.TryGetValue(channel, out var lane))
            return lane;
        lane = _spare is { } spare && ReferenceEquals(spare.Channel, channel) ? spare : new Lane(channel);
        _lanes.Add(channel, lane);
        return lane;
    }

    private void Pay(int cost)
    {
        _cost -= cost;
        if (_cost <= _wanted)
            Release();
    }

    private void Release()
    {
        _waiting?.SetResult();
        _waiting = null;
    }

    private void ReleasePublishes()
    {
        _waitingForPublishes?.SetResult();
        _waitingForPublishes = null;
    }

    private ValueTask Wait(int wanted)
    {
        _wanted = wanted;
        _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new ValueTask(_waiting.Task);
    }

    /// <summary>Guarded by the lock of its requests. What is under way and waiting for one channel.</summary>
    internal sealed class Lane(ChannelName channel)
    {
        public ChannelName Channel => channel;

        /// <summary>Whether a request is under way, or a publish that had waited is being begun.</summary>
        public bool IsBusy { get; set; }

        /// <summary>Publishes that were begun and are not answered.</summary>
        public int Publishes { get; set; }

        public Queue<Turn> Waiting { get; } = new(0);
    }

    /// <summary>Immutable. A request that waits for its turn.</summary>
    internal readonly record struct Turn(Func<Task> Request, int Cost, bool IsPublish);
}
