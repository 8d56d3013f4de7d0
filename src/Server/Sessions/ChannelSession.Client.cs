using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content>What the API asks of a session.</content>
internal sealed partial class ChannelSession : IClientSession
{
    /// <summary>Protocol, <c>unsubscribed</c> sent by the server: the API did it, and the client should not subscribe again by itself.</summary>
    private const string Removed = "removed";

    string IClientSession.User => _identity.User;

    IReadOnlyList<string> IClientSession.Channels() => [.. _subscriptions.Snapshot().Select(subscription => subscription.Channel.Name.ToString())];

    ValueTask<bool> IClientSession.SubscribeAsync(ChannelName channel) =>
        InTurnAsync(channel, CostOfSubscribe(channel, recovers: false), asked => SubscribeForApiAsync(channel, asked));

    ValueTask<bool> IClientSession.UnsubscribeAsync(ChannelName channel, string? reason) =>
        InTurnAsync(channel, RequestCost, _ => new ValueTask<bool>(TryRemove(channel, reason)));

    ValueTask IClientSession.WaitForCapacityAsync() => WaitForCapacityAsync();

    private async ValueTask<bool> SubscribeForApiAsync(ChannelName channel, long asked)
    {
        if (_subscriptions.Find(channel.Utf8) is not null)
            return true;
        if (MustSignIn || _connection.IsClosing || _subscriptions.Count >= _services.Options.Limits.ChannelsPerConnection)
            return false;
        await SubscribeUntil(Subscription.Unlimited, channel, id: [], recover: null, _identity, asked);
        return _subscriptions.Find(channel.Utf8) is not null;
    }

    private bool TryRemove(ChannelName channel, string? reason)
    {
        if (_subscriptions.Find(channel.Utf8) is not { } subscription || !End(subscription))
            return false;
        TellUnsubscribed(subscription, Removed, reason ?? "unsubscribed by the API");
        return true;
    }

    private async ValueTask<bool> InTurnAsync(ChannelName channel, int cost, Func<long, ValueTask<bool>> request)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Begin(channel, cost, async asked => done.SetResult(await request(asked)));
        return await done.Task;
    }
}
