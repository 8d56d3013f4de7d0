using System.Security.Cryptography;
using System.Threading.Channels;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// The events that the backend has yet to hear, in order and bounded. When the queue is full the oldest event goes, so that the last one a
/// backend hears is still true. Any thread adds, one takes. Not registered when no event is configured.
/// </summary>
/// <remarks>
/// The queue's lock may be taken under any other but the backplane's that <see cref="OccupancyChange.Confirm"/> takes: that one is taken
/// under the queue's, when a change is dropped and so counts as delivered.
/// </remarks>
internal sealed class HookEventQueue
{
    private readonly Lock _gate = new();
    private readonly Channel<HookEvent> _events;
    private readonly HookEvents _wanted;
    private readonly TimeProvider _time;
    private readonly HookMetrics _metrics;
    private readonly string _start = RandomNumberGenerator.GetHexString(8, lowercase: true);
    private long _number;

    public HookEventQueue(GatewayOptions options, TimeProvider time, HookMetrics metrics)
    {
        (_wanted, _time, _metrics) = (options.Hooks.Events, time, metrics);
        var bound = new BoundedChannelOptions(options.Hooks.QueuedEvents)
        {
            FullMode = BoundedChannelFullMode.DropOldest,
            SingleReader = true,
        };
        _events = System.Threading.Channels.Channel.CreateBounded<HookEvent>(bound, dropped =>
        {
            metrics.Dropped(DropReason.Overflow, 1);
            dropped.Change?.Confirm();
        });
    }

    /// <summary>
    /// An id that no other event has, on whatever node and after whatever restart; the numbers of one start have no gaps.
    /// </summary>
    public string IdOf(HookEvent one) => $"{_start}-{one.Number}";

    /// <summary>Adds an event, if the backend wants to hear of its kind.</summary>
    /// <param name="type">What happened.</param>
    /// <param name="connection">The id of the connection that it is about.</param>
    /// <param name="user">The connection's user.</param>
    /// <param name="channel">The channel; null where the event is about the connection alone.</param>
    /// <param name="code">The code of the close frame; 0 where nothing was closed.</param>
    public void Add(HookEvents type, string connection, string user, ChannelName? channel = null, int code = 0)
    {
        if (_wanted.HasFlag(type))
            Add(new HookEvent(0, type, Now, connection, user, channel, code));
    }

    /// <summary>Adds a change on all nodes taken together. One that the backend does not want to hear of counts as told.</summary>
    public void Add(OccupancyChange change)
    {
        var type = (change.Kind, change.IsOccupied) switch
        {
            (OccupancyKind.Channel, true) => HookEvents.Occupied,
            (OccupancyKind.Channel, false) => HookEvents.Vacated,
            (_, true) => HookEvents.Online,
            _ => HookEvents.Offline,
        };
        if (_wanted.HasFlag(type))
            Add(new HookEvent(0, type, Now, Connection: null, User: null, Channel: null, Code: 0, change));
        else
            change.Confirm();
    }

    /// <summary>Completes when there is something to take; with false when nothing more will come.</summary>
    public ValueTask<bool> WaitAsync() => _events.Reader.WaitToReadAsync();

    /// <summary>Takes what is there, up to a number of events.</summary>
    public void Take(List<HookEvent> batch, int most)
    {
        while (batch.Count < most && _events.Reader.TryRead(out var one))
            batch.Add(one);
    }

    /// <summary>Takes no further events.</summary>
    public void Complete() => _events.Writer.TryComplete();

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Add(in HookEvent one)
    {
        // The lock keeps the numbers in the order of the queue.
        lock (_gate)
        {
            if (_events.Writer.TryWrite(one with { Number = _number + 1 }))
            {
                _number++;
                _metrics.Queued();
            }
        }
    }
}
