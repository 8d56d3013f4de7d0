using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content>How a subscription ends: exactly once, whoever ends it, giving back all that it held.</content>
internal sealed partial class ClientSubscriptions
{
    /// <summary>Ends a subscription and gives back all that it held.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="dropQueued">Whether what is queued of it is not sent any more.</param>
    /// <returns>False when it had ended before.</returns>
    public bool End(ClientSubscription subscription, bool dropQueued = false)
    {
        if (!Remove(subscription))
            return false;
        GiveBack(subscription, dropQueued);
        return true;
    }

    /// <summary>Ends every subscription and lets none begin: the connection is over.</summary>
    public void Close()
    {
        foreach (var subscription in TakeAll())
            GiveBack(subscription, dropQueued: false);
    }

    /// <summary>Ends the subscriptions whose token has expired.</summary>
    /// <param name="now">In Unix seconds.</param>
    /// <returns>When the next one expires, in Unix seconds; <see cref="long.MaxValue"/> where none does.</returns>
    public long EndExpired(long now)
    {
        if (RemoveExpired(now) is { } expired)
            End(expired);
        uint next = Volatile.Read(ref _nextExpiry);
        return next == uint.MaxValue ? long.MaxValue : next;
    }

    private void End(List<ClientSubscription> expired)
    {
        foreach (var subscription in expired)
        {
            GiveBack(subscription, dropQueued: true);
            session.Replies.Unsubscribed(subscription.Channel.Name, UnsubscribeReason.TokenExpired);
        }
    }

    /// <summary>Takes from every subscription what the session's identity does not allow any more.</summary>
    public void Revoke()
    {
        foreach (var subscription in Snapshot())
            Revoke(subscription);
    }

    private void Revoke(ClientSubscription subscription)
    {
        if (subscription.IsByToken)
            return;
        if (!session.IsAllowed(subscription.Channel.Name, ChannelOperations.Subscribe))
        {
            // A subscription that has not begun yet is refused by the one that begins it.
            if (End(subscription, dropQueued: true) && subscription.IsAnswered)
                session.Replies.Unsubscribed(subscription.Channel.Name, UnsubscribeReason.NotAllowed);
        }
        else if (!subscription.MaySeePresence(session))
        {
            subscription.Channel.HidePresence(subscription);
        }
    }

    /// <summary>For a subscription that is no longer in the list.</summary>
    private void GiveBack(ClientSubscription subscription, bool dropQueued)
    {
        session.Connection.Writer.End(subscription, dropQueued);
        subscription.Channel.Deactivate(subscription);
        var application = session.Services.ApplicationFor(Interests.Subscriptions);
        if (subscription.NotifyEnded(application, session))
            _ = LeaveAsync(subscription.Channel.Name);
        session.Services.Channels.Release(subscription.Channel);
    }

    /// <summary>Takes the user out of a channel's presence. Does not fail.</summary>
    public async Task LeaveAsync(ChannelName channel)
    {
        try
        {
            await session.Services.Backplane.LeaveAsync(channel, session.User, session.Connection.Id.ToString()).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LogLeaveFailed(session.Services.Log, failure, session.Connection.Id);
        }
    }

    [LoggerMessage(20, LogLevel.Error, "Connection {Connection} could not leave a channel's presence.")]
    private static partial void LogLeaveFailed(ILogger log, Exception failure, ConnectionId connection);
}
