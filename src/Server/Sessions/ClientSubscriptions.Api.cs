using Gateway.Server.Connections;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content>The API's requests, in turn with the client's own.</content>
internal sealed partial class ClientSubscriptions : IClientSession
{
    string IClientSession.User => session.User;

    bool IClientSession.Is(string? user) => session.Identity is { IsAnonymous: true, User: "" }
        ? ConnectionId.OfAnonymousUser(user) == session.Connection.Id
        : session.Identity.User == user;

    IReadOnlyList<string> IClientSession.Channels() => [.. Snapshot().Select(subscription => subscription.Channel.Name.ToString())];

    ValueTask<bool> IClientSession.SubscribeAsync(ChannelName channel) =>
        PostAsync(channel, SubscribeRequest.CostOf(channel, recovers: false), posted => SubscribeAsync(channel, posted.Asked));

    ValueTask<bool> IClientSession.UnsubscribeAsync(ChannelName channel, string? reason) =>
        PostAsync(channel, PendingRequests.PublishCost, _ => new ValueTask<bool>(TryRemove(channel, reason)));

    ValueTask IClientSession.WaitForCapacityAsync() => session.WaitForCapacityAsync();

    private async ValueTask<bool> SubscribeAsync(ChannelName channel, long asked)
    {
        if (Find(channel.Utf8) is not null)
            return true;
        if (session.MustSignIn || session.Connection.IsClosing || Count >= session.MaxSubscriptions)
            return false;
        await new SubscribeRequest { Channel = channel, Asked = asked }.StartAsync(session, session.Identity).ConfigureAwait(false);
        return Find(channel.Utf8) is not null;
    }

    private bool TryRemove(ChannelName channel, string? reason)
    {
        if (Find(channel.Utf8) is not { } subscription || !End(subscription))
            return false;
        session.Replies.Unsubscribed(channel, UnsubscribeReason.Removed(reason));
        return true;
    }

    private async ValueTask<bool> PostAsync(ChannelName channel, int cost, Func<PostedRequest, ValueTask<bool>> work)
    {
        var request = new PostedRequest(channel, cost, work);
        session.Begin(request);
        return await request.Done.ConfigureAwait(false);
    }
}
