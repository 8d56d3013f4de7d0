using Microsoft.AspNetCore.SignalR;

namespace Gateway.Bench.Peers;

/// <summary>One for each call. SignalR: a channel is a group.</summary>
internal sealed class ChannelHub : Hub
{
    public Task Echo(string content) => Clients.Caller.SendAsync("echo", content);

    public Task Subscribe(string channel) => Groups.AddToGroupAsync(Context.ConnectionId, channel);

    public Task Publish(string channel, string content) =>
        Clients.Group(channel).SendAsync("message", channel, content, Context.ConnectionId);
}
