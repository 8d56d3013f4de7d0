namespace Gateway.Server.Connections.Sending;

/// <content>A dialect's replies, as text frames.</content>
internal sealed partial class ConnectionWriter : IReplyOutlet
{
    public bool Send(in Reply reply)
    {
        if (reply.Subscription is { } subscription)
            return TrySend(subscription, reply.Message);
        if (reply.Timing == SendTiming.Soon)
            SendSoon(reply.Message);
        else if (reply.Timing == SendTiming.Now)
            SendNow(reply.Message);
        else
            Send(reply.Message);
        return true;
    }
}
