using Gateway.Channels;
using Gateway.Connections;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Sessions;

/// <content>What the API asks of a session.</content>
internal sealed partial class Session : IClient
{
    /// <summary>Protocol, <c>unsubscribed</c> sent by the server: the API did it, and the client should not subscribe again by itself.</summary>
    private const string Removed = "removed";

    string IClient.User => _identity.User;

    IReadOnlyList<string> IClient.Channels() => [.. _subscriptions.Snapshot().Select(subscription => subscription.Channel.Name.ToString())];

    async ValueTask<bool> IClient.SubscribeAsync(ChannelName channel)
    {
        if (_subscriptions.Find(channel.Utf8) is not null)
            return true;
        if (MustSignIn || _subscriptions.Count >= _services.Options.Limits.ChannelsPerConnection)
            return false;
        await SubscribeUntil(Subscription.Unlimited, channel, id: [], recover: null);
        return _subscriptions.Find(channel.Utf8) is not null;
    }

    bool IClient.TryUnsubscribe(ReadOnlySpan<byte> channel, string? reason)
    {
        if (_subscriptions.Find(channel) is not { } subscription || !End(subscription))
            return false;
        TellUnsubscribed(subscription, Removed, reason ?? "unsubscribed by the API");
        return true;
    }
}
