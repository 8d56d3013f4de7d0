using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// An application behind HTTP: decisions are requests to its backend (<see cref="HookCalls"/>), events wait for their delivery (<see
/// cref="HookEventQueue"/>). Safe for any thread.
/// </summary>
/// <param name="options">Says which hooks are configured.</param>
/// <param name="calls">Null where the backend decides nothing.</param>
/// <param name="events">Null where the backend hears of nothing.</param>
internal sealed class HookApplication(GatewayOptions options, HookCalls? calls = null, HookEventQueue? events = null) : IApplication
{
    public Interests Interests { get; } = Wanted(options.Hooks.Events);

    public ValueTask<Decision> ConnectAsync(in Caller caller, string transport) => calls?.ConnectAsync(caller, transport) ?? default;

    public ValueTask<Decision> SubscribeAsync(in Caller caller, ChannelName channel) => calls?.SubscribeAsync(caller, channel) ?? default;

    public ValueTask<Decision> PublishAsync(in Caller caller, ChannelName channel, Payload payload) =>
        calls?.PublishAsync(caller, channel, payload) ?? default;

    public void OnConnected(string connection, string user) => events?.Add(HookEvents.Connected, connection, user);

    public void OnDisconnected(string connection, string user, int code) =>
        events?.Add(HookEvents.Disconnected, connection, user, code: code);

    public void OnSubscribed(string connection, string user, ChannelName channel) =>
        events?.Add(HookEvents.Subscribed, connection, user, channel);

    public void OnUnsubscribed(string connection, string user, ChannelName channel) =>
        events?.Add(HookEvents.Unsubscribed, connection, user, channel);

    bool IOccupancySink.Wants(OccupancyKind kind) =>
        (options.Hooks.Events & (kind == OccupancyKind.Channel ? HookEvents.Channels : HookEvents.Users)) != 0;

    void IOccupancySink.OnChange(OccupancyChange change)
    {
        if (events is null)
            change.Confirm();
        else
            events.Add(change);
    }

    private static Interests Wanted(HookEvents hooks)
    {
        var interests = Interests.None;
        void Add(Interests interest, HookEvents one) => interests |= (hooks & one) != 0 ? interest : Interests.None;
        Add(Interests.Connect, HookEvents.Connect);
        Add(Interests.Subscribe, HookEvents.Subscribe);
        Add(Interests.Publish, HookEvents.Publish);
        Add(Interests.Connections, HookEvents.Connected | HookEvents.Disconnected);
        Add(Interests.Subscriptions, HookEvents.Subscribed | HookEvents.Unsubscribed);
        return interests;
    }
}
