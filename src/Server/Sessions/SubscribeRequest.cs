using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// A request to subscribe to a channel: by the client's rights, by a token for the channel, or because the gateway wants it.
/// </summary>
internal sealed class SubscribeRequest : ChannelRequest
{
    private const int PlainCost = 512;

    /// <summary>The last position that the client knows; null if it does not ask to recover.</summary>
    public Position? Recover { get; init; }

    /// <summary>A subscription token; null for none.</summary>
    public string? Token { get; init; }

    public override int Cost => CostOf(Channel, Recover is not null);

    public override int HeldBytes => Id.Length + (Token?.Length ?? 0);

    /// <summary>What a subscription may cost until it has begun.</summary>
    public static int CostOf(ChannelName channel, bool recovers) =>
        recovers || channel.Namespace.Rules.Presence ? MissedMessages.PageCost : PlainCost;

    public override ValueTask BeginAsync(ChannelSession session) =>
        session.Services.ApplicationFor(Interests.Subscribe) is null ? base.BeginAsync(session) : BeginIfAllowedAsync(session);

    public override ValueTask RunAsync(ChannelSession session)
    {
        var identity = session.Identity;
        if (session.IsAllowed(Channel, ChannelOperations.Subscribe))
            return StartAsync(session, identity);
        if (TokensFor(session) is { } tokens)
            return StartByTokenAsync(session, tokens);
        session.Refuse(SessionError.Forbidden, Id, Channel.Utf8);
        return default;
    }

    /// <summary>
    /// Asks the application before the request begins. The client is not read meanwhile, so that its messages keep their order.
    /// </summary>
    private async ValueTask BeginIfAllowedAsync(ChannelSession session)
    {
        // Whether the client is in the channel already is known when its earlier requests are done.
        await session.TurnAsync(Channel, isPublish: false).ConfigureAwait(false);
        if (await WillStartAsync(session).ConfigureAwait(false)
            && (await session.DecideSubscribeAsync(Channel).ConfigureAwait(false)).Denial is { } denial)
        {
            session.Refuse(denial, Id, Channel.Utf8);
            return;
        }
        await base.BeginAsync(session).ConfigureAwait(false);
    }

    /// <summary>Whether the client is about to be subscribed: it has the right, and is not subscribed already.</summary>
    private ValueTask<bool> WillStartAsync(ChannelSession session)
    {
        if (Recover is null && session.Subscriptions.Find(Channel.Utf8) is not null)
            return new(false);
        if (session.IsAllowed(Channel, ChannelOperations.Subscribe))
            return new(true);
        return TokensFor(session) is { } tokens ? IsGoodAsync(session, tokens) : new(false);
    }

    /// <summary>Subscribes a client that may.</summary>
    /// <param name="session">The client's session.</param>
    /// <param name="identity">The identity that may.</param>
    /// <param name="expires">When a token's right ends, in Unix seconds; unlimited for the identity's own.</param>
    public ValueTask StartAsync(ChannelSession session, Identity identity, long expires = ClientSubscription.Unlimited)
    {
        // Asking again is harmless, and renews; asking to recover starts over from the position asked for.
        if (session.Subscriptions.Find(Channel.Utf8) is { } existing)
        {
            existing.IsByToken = expires != ClientSubscription.Unlimited;
            if (Recover is null && session.Subscriptions.TryRenew(existing, expires))
                return ConfirmAsync(session, existing);
            session.Subscriptions.End(existing, dropQueued: true);
        }
        if (session.Subscriptions.Count < session.MaxSubscriptions)
            return new SubscriptionStart(session, this, identity, expires).RunAsync();
        session.Refuse(SessionError.TooManyChannels(session.MaxSubscriptions), Id, Channel.Utf8);
        return default;
    }

    /// <summary>The verifier of the request's token; null where a token does not help.</summary>
    private TokenVerifier? TokensFor(ChannelSession session) =>
        Token is not null && ChannelRights.IsGrantable(Channel) ? session.Services.Authenticator.Tokens : null;

    private async ValueTask<bool> IsGoodAsync(ChannelSession session, TokenVerifier tokens) =>
        (await CheckAsync(session, tokens).ConfigureAwait(false)).Problem is null;

    private async ValueTask StartByTokenAsync(ChannelSession session, TokenVerifier tokens)
    {
        var (expires, problem) = await CheckAsync(session, tokens).ConfigureAwait(false);
        if (problem is { } denial)
            session.Refuse(denial, Id, Channel.Utf8);
        else
            await StartAsync(session, session.Identity, expires).ConfigureAwait(false);
    }

    /// <summary>Verifies the token.</summary>
    /// <returns>When it expires, in Unix seconds, or why it is not good for the channel.</returns>
    private async ValueTask<(long Expires, ProtocolError? Problem)> CheckAsync(ChannelSession session, TokenVerifier tokens)
    {
        var (claims, problem) = await tokens.VerifySubscriptionAsync(Token!).ConfigureAwait(false);
        if (problem is not null)
            return (0, SessionError.Of(problem));
        if (claims!.User != session.User)
            return (0, SessionError.NotFor(TokenProblem.AnotherUser));
        if (claims.Channel != Channel.ToString())
            return (0, SessionError.NotFor(TokenProblem.AnotherChannel));
        return (Math.Min(claims.Expires!.Value, ClientSubscription.Unlimited - 1), null);
    }

    /// <summary>Answers a client that is subscribed already.</summary>
    private async ValueTask ConfirmAsync(ChannelSession session, ClientSubscription subscription)
    {
        var (channel, rules) = (subscription.Channel, Channel.Namespace.Rules);
        // Both reads go on at once: the answer is to take no longer than one of them.
        bool needsEpoch = rules.HasHistory && channel.Epoch is null;
        var reading = needsEpoch ? session.Services.Backplane.ReadAsync(Channel, HistoryQuery.PositionOnly).AsTask() : null;
        var presence = rules.Presence && subscription.MaySeePresence(session)
            ? await session.ReadPresenceAsync(Channel).ConfigureAwait(false)
            : null;
        string? epoch = reading is null ? channel.Epoch : (await reading.ConfigureAwait(false))?.Top.Epoch;
        bool isSent = false;
        if (presence is null)
            Send();
        else
            channel.TrySendSnapshot(subscription, presence, Send, last: true);
        if (!isSent)
            session.Refuse(SessionError.Forbidden, Id, Channel.Utf8);

        void Send() => isSent = session.Connection.Writer.TrySendAt(
            subscription, seq => session.Replies.Subscribed(subscription, Id, new Position(epoch!, seq), recovered: null, presence?.State));
    }
}
