using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// A dialect's message to its own client, with the facts that other encodings than a WebSocket's have to know of it without reading it.
/// Valid during the call that takes it.
/// </summary>
internal readonly ref struct Reply
{
    /// <summary>The message's type in UTF-8, which an event stream has as the event's name.</summary>
    public ReadOnlySpan<byte> Type { get; init; }

    /// <summary>The message as the dialect writes it.</summary>
    public ReadOnlySpan<byte> Message { get; init; }

    /// <summary>Whether it is of a namespace whose messages stay uncompressed.</summary>
    public bool StaysPlain { get; init; }

    public SendTiming Timing { get; init; }

    /// <summary>The subscription that the message belongs to: once that has ended, the message is not sent. Null for none.</summary>
    public Subscription? Subscription { get; init; }

    /// <summary>What the message does to the position of <see cref="Channel"/>.</summary>
    public PositionChange Change { get; init; }

    /// <summary>The channel whose position changes; null where <see cref="Change"/> is none.</summary>
    public ChannelName? Channel { get; init; }

    /// <summary>The new position; without an epoch where the position only moves on.</summary>
    public Position Position { get; init; }

    /// <summary>Milliseconds that the client is to wait before it tries again; null where the message does not say.</summary>
    public long? RetryAfter { get; init; }
}
