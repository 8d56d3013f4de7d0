using System.Security.Cryptography;
using System.Threading.Channels;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Safe for any thread to add; one takes. There is none where nothing is to be told. What happened here and the backend has yet to hear, in
/// order. When it is full the oldest goes: what a backend hears last is then still how things are.
/// </summary>
/// <remarks>
/// Its lock may be taken under any other but the backplane's that takes note of <see cref="OccupancyChange.Told"/>: that one is taken under
/// it, where a change that is dropped counts as told.
/// </remarks>
internal sealed class HookEventQueue : IOccupancySink
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
        var bound = new BoundedChannelOptions(options.Hooks.QueuedEvents) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true };
        _events = System.Threading.Channels.Channel.CreateBounded<HookEvent>(bound, dropped =>
        {
            metrics.Dropped(DropReason.Overflow, 1);
            dropped.Change?.Told();
        });
    }

    /// <summary>An id that no other event has, on whatever node and after whatever restart; the numbers of one start have no gaps.</summary>
    public string IdOf(HookEvent one) => $"{_start}-{one.Number}";

    public void Connected(string connection, string user) => Add(HookEvents.Connected, connection, user, channel: null);

    /// <param name="connection">Which.</param>
    /// <param name="user">Whose.</param>
    /// <param name="code">Of the close frame; 1006 where there was none.</param>
    public void Disconnected(string connection, string user, int code) => Add(HookEvents.Disconnected, connection, user, channel: null, code);

    public void Subscribed(string connection, string user, ChannelName channel) => Add(HookEvents.Subscribed, connection, user, channel);

    public void Unsubscribed(string connection, string user, ChannelName channel) => Add(HookEvents.Unsubscribed, connection, user, channel);

    bool IOccupancySink.Wants(OccupancyKind kind) =>
        (_wanted & (kind == OccupancyKind.Channel ? HookEvents.Channels : HookEvents.Users)) != 0;

    void IOccupancySink.OnChange(OccupancyChange change)
    {
        var type = (change.Kind, change.IsOccupied) switch
        {
            (OccupancyKind.Channel, true) => HookEvents.Occupied,
            (OccupancyKind.Channel, false) => HookEvents.Vacated,
            (_, true) => HookEvents.Online,
            _ => HookEvents.Offline,
        };
        if (_wanted.HasFlag(type))
            Add(type, connection: null, user: null, channel: null, change: change);
        else
            change.Told();
    }

    /// <summary>Completes when there is something to take; with false when there will be nothing more.</summary>
    public ValueTask<bool> WaitAsync() => _events.Reader.WaitToReadAsync();

    /// <summary>Takes what there is.</summary>
    public void Take(List<HookEvent> batch, int most)
    {
        while (batch.Count < most && _events.Reader.TryRead(out var one))
            batch.Add(one);
    }

    /// <summary>Nothing that happens from now on is told.</summary>
    public void Complete() => _events.Writer.TryComplete();

    private void Add(HookEvents type, string? connection, string? user, ChannelName? channel, int code = 0, OccupancyChange? change = null)
    {
        if (!_wanted.HasFlag(type))
            return;
        long time = _time.GetUtcNow().ToUnixTimeMilliseconds();
        // So that the numbers are in the order of the queue.
        lock (_gate)
        {
            if (_events.Writer.TryWrite(new HookEvent(_number + 1, type, time, connection, user, channel, code, change)))
            {
                _number++;
                _metrics.Queued();
            }
        }
    }
}
