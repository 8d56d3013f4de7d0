using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Connections;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// The subscriptions that a client begins with: those its token lists and, for one that cannot send, those it connected with.
/// </summary>
internal sealed class InitialRequests(ChannelSession session, Identity identity, InitialSubscriptions? initial)
{
    public async ValueTask RunAsync(IReadOnlyList<string> channels)
    {
        // The backplane may take its time; the client need not wait for it to learn who it is connected as.
        await session.Connection.Writer.FlushAsync().ConfigureAwait(false);
        foreach (string channel in channels)
        {
            if (session.Connection.IsClosing)
                return;
            byte[] utf8 = Encoding.UTF8.GetBytes(channel);
            if (session.NameOf(utf8, out string problem) is not { } name)
                session.Refuse(SessionError.BadRequest(problem), id: default, utf8);
            else if (!session.IsAllowed(name, ChannelOperations.Subscribe))
                session.Refuse(SessionError.Forbidden, id: default, utf8);
            else if ((await session.DecideSubscribeAsync(name).ConfigureAwait(false)).Denial is { } denial)
                Refuse(denial, utf8);
            else
                await BeginAsync(name, initial?.PositionOf(utf8)).ConfigureAwait(false);
        }
    }

    private void Refuse(ProtocolError denial, byte[] channel)
    {
        session.Refuse(denial, id: default, channel);
        if (!session.CanAsk && denial.Code == ErrorCode.Unavailable)
            session.Connection.RequestClose(CloseRequest.Denied(denial));
    }

    private ValueTask BeginAsync(ChannelName name, Position? recover)
    {
        int cost = SubscribeRequest.CostOf(name, recover is not null);
        session.Begin(new PostedRequest(name, cost, posted => SubscribeAsync(name, recover, posted.Asked)));
        // A client that cannot send asks for nothing meanwhile: its channels come one after the other.
        return session.CanAsk ? session.WaitForCapacityAsync() : session.DoneAsync();
    }

    private async ValueTask<bool> SubscribeAsync(ChannelName name, Position? recover, long asked)
    {
        await new SubscribeRequest { Channel = name, Recover = recover, Asked = asked }.StartAsync(session, identity).ConfigureAwait(false);
        bool isSubscribed = session.Subscriptions.Find(name.Utf8) is not null;
        // The backplane is away. A client that cannot send cannot ask once more, but comes back.
        if (!session.CanAsk && !isSubscribed)
            session.Connection.RequestClose(CloseRequest.BackplaneAway);
        return isSubscribed;
    }
}
