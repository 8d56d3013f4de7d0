using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;

namespace Gateway.Server.Sessions;

/// <summary>The beginning of one subscription, from the channel it holds to the messages that flow. Lives as long as the request.</summary>
/// <remarks>
/// In a namespace with history the position is read from the backplane, and messages flow from there, or from where the channel has come to
/// meanwhile: answers may be slower than messages, so it is not raced.
/// </remarks>
internal sealed class SubscriptionStart(ChannelSession session, SubscribeRequest request, Identity identity, long expires)
{
    /// <summary>A request of several calls is answered within this; the rest of the protocol's 5 s is for the way.</summary>
    private const long AnswerMilliseconds = 4_000;

    /// <summary>Attempts to start while the stream is being lost, or the channel has not heard yet that it was: a second in all.</summary>
    private const int MaxAttempts = 10;

    private const int AttemptMilliseconds = 20;

    private readonly ClientSubscription _subscription = new(session.Services.Channels.Acquire(request.Channel), session.Connection.Writer)
    {
        IsByToken = expires != ClientSubscription.Unlimited,
    };

    private MissedMessages? _missed;

    /// <summary>Subscribes and answers, or says why not; then sends what the client missed.</summary>
    public async ValueTask RunAsync()
    {
        if (!session.Subscriptions.TryAdd(_subscription, session.MaxSubscriptions))
        {
            session.Services.Channels.Release(_subscription.Channel);
            // As many were begun beside it, or the connection is over.
            if (!session.Subscriptions.IsClosed)
                session.Refuse(SessionError.TooManyChannels(session.MaxSubscriptions), request.Id, request.Channel.Utf8);
            return;
        }
        // A refresh changes the session's identity and then looks at the subscriptions; this subscription was entered and then looks at the
        // identity. So one of the two sees the other.
        if (!_subscription.IsByToken && !ReferenceEquals(identity, session.Identity)
            && !session.IsAllowed(request.Channel, ChannelOperations.Subscribe))
        {
            session.Subscriptions.End(_subscription);
        }
        var starting = StartAsync();
        bool hasBegun = starting.IsCompletedSuccessfully
            ? starting.Result
            : await StartInTimeAsync(starting.AsTask()).ConfigureAwait(false);
        if (!hasBegun)
        {
            Refuse();
            return;
        }
        if (session.Services.ApplicationFor(Interests.Subscriptions) is { } application)
            _subscription.NotifyBegan(application, session);
        session.Subscriptions.TryRenew(_subscription, expires);
        if (_missed is { } missed)
            await missed.SendAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// A start that is late is given up; it gives back what it still takes when it finds that the subscription has ended.
    /// </summary>
    private async ValueTask<bool> StartInTimeAsync(Task<bool> starting)
    {
        long left = Math.Max(0, AnswerMilliseconds - (session.Milliseconds - request.Asked));
        try
        {
            return await starting.WaitAsync(TimeSpan.FromMilliseconds(left), session.Services.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _ = PendingRequests.GuardAsync(session, new ValueTask(starting));
            return false;
        }
    }

    /// <summary>For a subscription that could not begin: the backplane was out of reach or too slow, or it was ended meanwhile.</summary>
    private void Refuse()
    {
        bool isUnavailable = session.Subscriptions.End(_subscription);
        if (session.Subscriptions.IsClosed)
            return;
        if (!_subscription.IsAnswered)
            session.Refuse(isUnavailable ? SessionError.Unavailable : SessionError.Forbidden, request.Id, request.Channel.Utf8);
        else if (isUnavailable)
            session.Replies.Unsubscribed(request.Channel, UnsubscribeReason.MessagesLost);
    }

    /// <summary>Joins, answers and lets messages flow, all as long as the subscription has not ended.</summary>
    /// <returns>Whether the client was told that the subscription began.</returns>
    private async ValueTask<bool> StartAsync()
    {
        var (channel, rules) = (_subscription.Channel, request.Channel.Namespace.Rules);
        if (!await channel.Flowing.ConfigureAwait(false) || (rules.Presence && !await TryJoinAsync().ConfigureAwait(false)))
            return false;
        PresenceState? presence = null;
        if (rules.Presence && _subscription.MaySeePresence(session))
        {
            if (await session.ReadPresenceAsync(request.Channel).ConfigureAwait(false) is not { } snapshot)
                return false;
            channel.ShowPresence(_subscription, snapshot);
            presence = snapshot.State;
        }
        else
        {
            _subscription.PresenceVersion = Channels.Subscription.NoPresence;
        }
        if (rules.HasHistory)
            return await StartWithHistoryAsync(presence).ConfigureAwait(false);
        bool? recovered = request.Recover is null ? null : false;
        return channel.TryActivate(_subscription, default, generation: 0, position => Answer(position, recovered, presence));
    }

    private async ValueTask<bool> StartWithHistoryAsync(PresenceState? presence)
    {
        var channel = _subscription.Channel;
        for (int attempt = 0; attempt < MaxAttempts && !_subscription.Ended; attempt++)
        {
            if (attempt > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(attempt * AttemptMilliseconds), session.Services.Time).ConfigureAwait(false);
            long generation = channel.Generation;
            var query = request.Recover is { Seq: var seq } ? MissedMessages.PageAfter(seq) : HistoryQuery.PositionOnly;
            if (await session.Services.Backplane.ReadAsync(request.Channel, query).ConfigureAwait(false) is not { } page)
                return false;
            if (request.Recover is { } position && page.Reaches(position))
            {
                // The position goes on in the epoch that the client is told now.
                _missed = new MissedMessages(session, _subscription, page, page.Top with { Seq = position.Seq }, generation);
                return Answer(page.Top, recovered: true, presence);
            }
            bool? recovered = request.Recover is null ? null : false;
            if (channel.TryActivate(_subscription, page.Top, generation, top => Answer(top, recovered, presence)))
                return true;
        }
        return false;
    }

    private async ValueTask<bool> TryJoinAsync()
    {
        var backplane = session.Services.Backplane;
        var present = new PresentUser(session.User, session.Identity.Info);
        if (!await backplane.JoinAsync(request.Channel, present, session.Connection.Id.ToString()).ConfigureAwait(false))
            return false;
        if (_subscription.TryMarkPresent())
            return true;
        await session.Subscriptions.LeaveAsync(request.Channel).ConfigureAwait(false);
        return false;
    }

    private bool Answer(Position position, bool? recovered, PresenceState? presence)
    {
        // A new token may have taken the right since presence was read.
        if (presence is not null && !_subscription.MaySeePresence(session))
        {
            presence = null;
            _subscription.Channel.HidePresence(_subscription);
        }
        return session.Replies.Subscribed(_subscription, request.Id, position, recovered, presence);
    }
}
