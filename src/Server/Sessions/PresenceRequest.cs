using Gateway.Server.Auth;

namespace Gateway.Server.Sessions;

/// <summary>A client's request for the users who are in a channel.</summary>
internal sealed class PresenceRequest : ChannelRequest
{
    /// <summary>As changes are sent every 200 ms, the second is as good as always new enough.</summary>
    private const int MaxReads = 3;

    /// <summary>A snapshot counts as a page of missed messages.</summary>
    public override int Cost => MissedMessages.PageCost;

    public override ValueTask RunAsync(ChannelSession session)
    {
        if (!session.MayRead(Channel, ChannelOperations.Presence))
            session.Refuse(SessionError.Forbidden, Id, Channel.Utf8);
        else if (!Channel.Namespace.Rules.Presence)
            session.Refuse(SessionError.NoPresence, Id, Channel.Utf8);
        else
            return ReadAsync(session);
        return default;
    }

    private async ValueTask ReadAsync(ChannelSession session)
    {
        var subscription = session.Subscriptions.Find(Channel.Utf8);
        for (int attempt = 1; ; attempt++)
        {
            if (session.Milliseconds - Asked > TurnMilliseconds
                || await session.ReadPresenceAsync(Channel).ConfigureAwait(false) is not { } presence)
            {
                session.Refuse(SessionError.Unavailable, Id, Channel.Utf8);
                return;
            }
            // A snapshot must not follow changes that are newer: where those were sent since it was read, it is read again.
            if (subscription is null)
                Send();
            else if (!subscription.Channel.TrySendSnapshot(subscription, presence, Send, last: attempt == MaxReads))
                continue;
            return;

            void Send() => session.Replies.Presence(Channel, Id, presence.State);
        }
    }
}
