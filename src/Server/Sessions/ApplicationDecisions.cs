using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Connections;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// Asks the application about what a session's client wants, where the application wants to decide; everything else is allowed. Meanwhile
/// the client's heartbeat is paused. For the session's requests, on the connection's read loop.
/// </summary>
internal static class ApplicationDecisions
{
    /// <summary>Whether the client may connect as a user.</summary>
    public static ValueTask<Decision> DecideConnectAsync(this ChannelSession session, string user)
    {
        if (session.Services.ApplicationFor(Interests.Connect) is not { } application)
            return default;
        var caller = CallerOf(session) with { User = user };
        return WaitAsync(session, application.ConnectAsync(caller, session.Connection.Lease.Transport.Label()));
    }

    /// <summary>Whether the client may subscribe to a channel.</summary>
    public static ValueTask<Decision> DecideSubscribeAsync(this ChannelSession session, ChannelName channel) =>
        session.Services.ApplicationFor(Interests.Subscribe) is { } application
            ? WaitAsync(session, application.SubscribeAsync(CallerOf(session), channel))
            : default;

    /// <summary>Whether the client may publish a message, and with which payload. The payload is read before the method returns.</summary>
    public static ValueTask<Decision> DecidePublishAsync(this ChannelSession session, ChannelName channel, Payload payload) =>
        session.Services.ApplicationFor(Interests.Publish) is { } application
            ? WaitAsync(session, application.PublishAsync(CallerOf(session), channel, payload))
            : default;

    private static Caller CallerOf(ChannelSession session) =>
        new(session.Connection.Id.ToString(), session.User, session.Connection.Lease.Address);

    private static async ValueTask<Decision> WaitAsync(ChannelSession session, ValueTask<Decision> deciding)
    {
        // The answers to earlier requests do not wait with it. The heartbeat goes on for them: a client that does not take its answers is
        // to be found out.
        await session.Connection.Writer.FlushAsync().ConfigureAwait(false);
        session.Connection.PauseHeartbeat();
        try
        {
            return await deciding.ConfigureAwait(false);
        }
        finally
        {
            session.Connection.ResumeHeartbeat();
        }
    }
}
