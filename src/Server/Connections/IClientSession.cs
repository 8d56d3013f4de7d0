using Gateway.Server.Naming;

namespace Gateway.Server.Connections;

/// <summary>A connected client, as the API sees it. Safe for any thread, except where noted.</summary>
internal interface IClientSession
{
    string User { get; }

    /// <summary>Whether the client is a user: <see cref="User"/> without making it for every client of the node.</summary>
    bool Is(string? user);

    /// <summary>The channels that the client is subscribed to.</summary>
    IReadOnlyList<string> Channels();

    /// <summary>
    /// Subscribes the client as if it had asked for it and had the right, in turn with its own requests. On its connection's read loop
    /// only.
    /// </summary>
    /// <returns>Whether the client is subscribed.</returns>
    ValueTask<bool> SubscribeAsync(ChannelName channel);

    /// <summary>Ends a subscription and tells the client, in turn with its own requests. On its connection's read loop only.</summary>
    /// <returns>False when there was no such subscription.</returns>
    ValueTask<bool> UnsubscribeAsync(ChannelName channel, string? reason);

    /// <summary>Completes when another request may be made. On the connection's read loop only.</summary>
    ValueTask WaitForCapacityAsync();
}
