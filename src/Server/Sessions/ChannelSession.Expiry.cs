using Gateway.Protocol.Messages;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Sessions;

/// <content>What the clock does for a session: signing in takes too long, tokens expire. Nothing here touches what the read loop is at.</content>
internal sealed partial class ChannelSession
{
    /// <summary>For a refresh that failed once, or a tab that slept, to come through; announced by an error.</summary>
    internal const long GraceSeconds = 25;

    private long _announcedExpiry;

    public void OnTick(long now)
    {
        if (MustSignIn)
        {
            // Held, it has sent its token, and it is not the client that takes its time.
            if (now >= _signInBy && !_connection.IsHeartbeatPaused)
                _connection.RequestClose(CloseRequest.NoToken(_services.Options.Auth.Timeout));
            return;
        }
        long time = _services.Clock.UnixSeconds;
        if (_identity.Expires is { } expires && time >= expires)
            OnExpired(expires, time);
        if (_subscriptions.RemoveExpired(time) is not { } expired)
            return;
        foreach (var subscription in expired)
        {
            GiveBack(subscription, dropQueued: true);
            TellUnsubscribed(subscription, Expired, "the token for this channel has expired; subscribe again with a new one");
        }
    }

    private void OnExpired(long expires, long time)
    {
        if (time >= expires + GraceSeconds)
        {
            _connection.RequestClose(CloseRequest.TokenExpired);
            return;
        }
        if (_announcedExpiry == expires)
            return;
        _announcedExpiry = expires;
        _services.Metrics.Error(ErrorCode.Unauthorized);
        var message = ReplyBuffer.Rent();
        ServerMessageWriter.Error(message, SessionError.TokenExpired);
        Writer.SendNow(message.WrittenSpan);
    }
}
