using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Sessions;

/// <content>How a client becomes known, and how long that lasts.</content>
internal sealed partial class ChannelSession
{
    /// <summary>
    /// Seconds after a token's expiry, which an error announces, for a refresh that failed once or a tab that slept to come through.
    /// </summary>
    public const long GraceSeconds = 25;

    /// <summary>The connection is open. A client that is known is welcomed; others have to sign in first.</summary>
    public ValueTask OnOpenAsync() => MustSignIn ? default : WelcomeAsync(_identity);

    /// <summary>Signs the client in, when its earlier requests are done: they were those of another identity.</summary>
    public ValueTask SignIn(string token, byte[] id) => new SignInRequest(this, token, id).RunAsync(_pending?.DoneAsync() ?? default);

    /// <summary>Replaces the client's token.</summary>
    public ValueTask Refresh(string token, byte[] id) => RefreshRequest.RunAsync(this, token, id);

    /// <summary>Tells the client and the application that the client is connected, and subscribes it to what it begins with.</summary>
    /// <param name="identity">The client.</param>
    public ValueTask WelcomeAsync(Identity identity)
    {
        Identity = identity;
        Replies.Connected(Connection.Id, identity.Named(Connection.Id), Services.Options.Node, Services.Options.Heartbeat.Ping);
        _isConnected = true;
        Services.ApplicationFor(Interests.Connections)?.OnConnected(Connection.Id.ToString(), User);
        if (Services.OnlineUsers is { } users && !identity.IsAnonymous)
        {
            _isOnline = true;
            users.Add(identity.User);
        }
        var channels = _initial?.Channels ?? identity.Subscriptions;
        return channels.Count == 0 ? default : new InitialRequests(this, identity, _initial).RunAsync(channels);
    }

    /// <summary>
    /// Looks at what has a deadline: signing in, the client's token, those of its subscriptions. Touches nothing that the read loop uses
    /// alone.
    /// </summary>
    /// <param name="now">Milliseconds on the clock.</param>
    /// <returns>When the next deadline is, on the same clock; <see cref="long.MaxValue"/> for none.</returns>
    public long OnTick(long now)
    {
        if (MustSignIn)
            return AwaitSignIn(now);
        long time = Services.Clock.UnixSeconds;
        long next = Subscriptions.EndExpired(time);
        if (_identity.Expires is { } expires)
            next = Math.Min(next, time < expires ? expires : OnExpired(expires, time));
        // The last second is looked at with every tick: the time of day has no parts of seconds here.
        return next == long.MaxValue ? next : now + Math.Max(0, (next - time - 1) * 1000);
    }

    private long AwaitSignIn(long now)
    {
        var timeout = Services.Options.Auth.Timeout;
        long deadline = Connection.Opened + (long)timeout.TotalMilliseconds;
        // While the heartbeat is paused the client has sent its token, and the gateway is the one that takes its time.
        if (now >= deadline && !Connection.IsHeartbeatPaused)
            Connection.RequestClose(CloseRequest.NoToken(timeout));
        return Math.Max(now, deadline);
    }

    /// <returns>When the client is closed if it brings no other token, in Unix seconds.</returns>
    private long OnExpired(long expires, long time)
    {
        if (time >= expires + GraceSeconds)
        {
            Connection.RequestClose(CloseRequest.TokenExpired);
        }
        else if (_announcedExpiry != (uint)expires)
        {
            _announcedExpiry = (uint)expires;
            Refuse(SessionError.TokenExpired, id: default, channel: default, timing: SendTiming.Now);
        }
        return expires + GraceSeconds;
    }
}
