using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content><c>auth</c> and <c>refresh</c>, and what comes with signing in.</content>
internal sealed partial class ChannelSession
{
    private bool MustSignIn => ReferenceEquals(_identity, Identity.Unauthenticated);

    public ValueTask OnOpenAsync() => MustSignIn ? default : WelcomeAsync();

    /// <summary>Says who is connected, then subscribes to what the token lists, and to what a client that cannot send has asked for.</summary>
    private ValueTask WelcomeAsync()
    {
        var identity = _identity;
        var reply = ReplyBuffer.Rent();
        long ping = (long)_services.Options.Heartbeat.Ping.TotalMilliseconds;
        ServerMessageWriter.Connected(reply, _connection.Id, identity.User, _services.Options.Node, ping, identity.Expires, identity.Subscriptions);
        Writer.Send(reply.WrittenSpan);
        TellConnected();
        var channels = _opening?.Channels ?? identity.Subscriptions;
        return channels.Count == 0 ? default : SubscribeAllAsync(identity, channels);
    }

    private async ValueTask SubscribeAllAsync(Identity identity, IReadOnlyList<string> channels)
    {
        // The backplane may take its time; whom the client is connected as need not wait for it.
        await Writer.FlushAsync();
        foreach (string channel in channels)
        {
            if (_connection.IsClosing)
                return;
            byte[] utf8 = Encoding.UTF8.GetBytes(channel);
            if (NameOf(utf8, out string problem) is not { } name)
            {
                SendError(SessionError.BadRequest(problem), id: default, utf8);
                continue;
            }
            if (!ChannelRights.IsAllowed(identity, name, ChannelOperations.Subscribe))
            {
                SendError(SessionError.Forbidden, id: default, utf8);
                continue;
            }
            if (await SubscribeDenialAsync(name) is { } denial)
            {
                SendError(denial, id: default, utf8);
                if (_opening is not null && denial.Code == ErrorCode.Unavailable)
                    _connection.RequestClose(CloseRequest.Denied(denial));
                continue;
            }
            var recover = _opening?.PositionOf(utf8);
            Begin(name, CostOfSubscribe(name, recover is not null), asked => OpenAsync(identity, name, recover, asked));
            // A stream asks for nothing meanwhile; its channels come one after the other.
            await (_opening is null ? WaitForCapacityAsync() : _pending?.DoneAsync() ?? default);
        }
    }

    private async ValueTask OpenAsync(Identity identity, ChannelName name, Position? recover, long asked)
    {
        await SubscribeUntil(Subscription.Unlimited, name, id: [], recover, identity, asked);
        // The backplane is away. Who cannot send cannot ask once more, but comes back.
        if (_opening is not null && _subscriptions.Find(name.Utf8) is null)
            _connection.RequestClose(CloseRequest.BackplaneAway);
    }

    /// <summary>What was asked for before was asked for by somebody else.</summary>
    private ValueTask Auth(in ClientMessage message, ReadOnlyMemory<byte> payload)
    {
        var before = _pending?.DoneAsync() ?? default;
        return before.IsCompletedSuccessfully ? Auth(message) : AuthAsync(before, payload);
    }

    private async ValueTask AuthAsync(ValueTask before, ReadOnlyMemory<byte> payload)
    {
        await before;
        await Auth(payload);
    }

    private ValueTask Auth(ReadOnlyMemory<byte> payload)
    {
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        return Auth(message);
    }

    private ValueTask Auth(in ClientMessage message)
    {
        if (_services.Authenticator.Tokens is not { } tokens)
            SendError(SessionError.NoTokens, message);
        else if (_identity.IsSignedIn)
            SendError(SessionError.SignedInAlready, message);
        else if (_subscriptions.Count > 0)
            SendError(SessionError.SubscribedBeforeSigningIn, message);
        else
            return SignInAsync(tokens, Encoding.UTF8.GetString(message.Token), message.Id.ToArray());
        return default;
    }

    private async ValueTask SignInAsync(TokenVerifier tokens, string token, byte[] id)
    {
        var (claims, problem) = await tokens.VerifyAsync(token);
        if (problem is not null)
        {
            SendError(SessionError.Of(problem), id, channel: default);
            _connection.RequestClose(problem.IsOurs ? CloseRequest.KeysMissing : CloseRequest.BadToken(problem.Message));
            return;
        }
        if (!await _connection.Lease.IdentifyAsync(claims!.User))
        {
            _connection.RequestClose(CloseRequest.TooManyConnections);
            return;
        }
        if (!await IsLetInAsync(claims.User, id))
            return;
        _identity = Identity.Of(claims);
        await WelcomeAsync();
    }

    private ValueTask Refresh(in ClientMessage message)
    {
        if (_services.Authenticator.Tokens is not { } tokens)
            SendError(SessionError.NoTokens, message);
        else if (!_identity.IsSignedIn)
            SendError(SessionError.NotSignedIn, message);
        else
            return RefreshAsync(tokens, Encoding.UTF8.GetString(message.Token), message.Id.ToArray());
        return default;
    }

    /// <summary>A token that will not do changes nothing: the one before holds until it expires.</summary>
    private async ValueTask RefreshAsync(TokenVerifier tokens, string token, byte[] id)
    {
        var (claims, problem) = await tokens.VerifyAsync(token);
        if (problem is null && claims!.User != _identity.User)
            problem = TokenProblem.AnotherUser;
        if (problem is not null)
        {
            SendError(SessionError.Of(problem), id, channel: default);
            return;
        }
        _identity = Identity.Of(claims!);
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.Refreshed(reply, id, _identity.Expires);
        Writer.Send(reply.WrittenSpan);
        foreach (var subscription in _subscriptions.Snapshot())
            Reconsider(subscription);
    }

    /// <summary>Takes from a subscription what the new token does not allow.</summary>
    private void Reconsider(Subscription subscription)
    {
        if (subscription.IsByToken)
            return;
        if (!ChannelRights.IsAllowed(_identity, subscription.Channel.Name, ChannelOperations.Subscribe))
        {
            // One that has not begun yet is refused by whoever begins it.
            if (End(subscription, dropQueued: true) && subscription.IsAnswered)
                TellUnsubscribed(subscription, Forbidden, "the new token does not allow this channel");
        }
        else if (!MaySeePresence(subscription))
        {
            subscription.Channel.HidePresence(subscription);
        }
    }
}
