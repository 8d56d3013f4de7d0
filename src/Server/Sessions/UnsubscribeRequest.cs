using Gateway.Protocol.Messages;

namespace Gateway.Server.Sessions;

/// <summary>A client's request to end a subscription.</summary>
internal sealed class UnsubscribeRequest : ChannelRequest
{
    public override int Cost => PendingRequests.PublishCost;

    /// <summary>Nobody is subscribed to a channel that cannot be.</summary>
    public override ProtocolError InvalidChannel(string problem) => SessionError.NotSubscribed;

    public override ValueTask RunAsync(ChannelSession session)
    {
        if (session.Subscriptions.Find(Channel.Utf8) is { } subscription && session.Subscriptions.End(subscription))
            session.Replies.Unsubscribed(Channel, Id);
        else
            session.Refuse(SessionError.NotSubscribed, Id, Channel.Utf8);
        return default;
    }

    /// <summary>It is never too late: the backplane is not needed.</summary>
    public override ValueTask RunInTurnAsync(ChannelSession session) => session.Connection.IsClosing ? default : RunAsync(session);
}
