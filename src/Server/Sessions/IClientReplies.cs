using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// A session's words to its client, written by the dialect that the client speaks. Called from any thread; a session calls some of it under
/// locks, so that nothing of it waits. An <c>id</c> is the request's own, returned as it is; empty where nobody asked.
/// </summary>
internal interface IClientReplies
{
    /// <summary>The client is known from now on.</summary>
    /// <param name="connection">The connection's id.</param>
    /// <param name="identity">The client's user and what its token says.</param>
    /// <param name="node">This node's name.</param>
    /// <param name="ping">The time between two pings of the gateway.</param>
    void Connected(ConnectionId connection, Identity identity, string node, TimeSpan ping);

    /// <summary>A subscription begins, or was there already. Comes before every message of it that is queued later.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="id">The request's id.</param>
    /// <param name="position">The position from which its messages follow; without an epoch in a channel without history.</param>
    /// <param name="recovered">Whether everything missed follows; null where the client did not ask to recover.</param>
    /// <param name="presence">The users who are there; null where the client does not see them.</param>
    /// <returns>False when the subscription has ended: nothing is sent then.</returns>
    bool Subscribed(Subscription subscription, ReadOnlySpan<byte> id, Position position, bool? recovered, PresenceState? presence);

    /// <summary>The client has ended a subscription.</summary>
    void Unsubscribed(ChannelName channel, ReadOnlySpan<byte> id);

    /// <summary>The gateway has ended a subscription. Leaves at once.</summary>
    void Unsubscribed(ChannelName channel, UnsubscribeReason reason);

    /// <summary>A message that was missed, read from history for a client that recovers.</summary>
    /// <returns>False when the subscription has ended: nothing is sent then.</returns>
    bool Recovered(Subscription subscription, in PublishedMessage message);

    /// <summary>A message was published.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="id">The request's id.</param>
    /// <param name="position">The message's position; null in a channel without history.</param>
    /// <param name="timing">When the answer leaves.</param>
    void Published(ChannelName channel, ReadOnlySpan<byte> id, Position? position, SendTiming timing);

    void Presence(ChannelName channel, ReadOnlySpan<byte> id, PresenceState presence);

    void History(ChannelName channel, ReadOnlySpan<byte> id, HistoryPage page);

    /// <summary>A new token has taken the place of the one before.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="expires">When it expires, in Unix seconds; null for never.</param>
    void Refreshed(ReadOnlySpan<byte> id, long? expires);

    void Pong(ReadOnlySpan<byte> id);

    /// <summary>Something was not done, or will not go on.</summary>
    /// <param name="error">The error.</param>
    /// <param name="id">The request's id.</param>
    /// <param name="channel">The name that the client gave, in UTF-8; empty for none.</param>
    /// <param name="retryAfter">Milliseconds after which the same request may do; null where waiting does not help.</param>
    /// <param name="timing">When the error leaves.</param>
    void Error(ProtocolError error, ReadOnlySpan<byte> id, ReadOnlySpan<byte> channel, long? retryAfter, SendTiming timing);
}
