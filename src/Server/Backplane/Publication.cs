using Gateway.Protocol.Messages;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane;

/// <summary>A message coming out of the backplane. Its payload is valid only while the sink is called.</summary>
internal readonly ref struct Publication
{
    public Payload Payload { get; init; }

    /// <summary>The user id of the publisher; empty when nobody is named.</summary>
    public Utf8Text Sender { get; init; }

    /// <summary>Of the message's <see cref="Position"/>; null in a namespace without history.</summary>
    public string? Epoch { get; init; }

    /// <summary>0 in a namespace without history.</summary>
    public long Seq { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public long Time { get; init; }

    /// <inheritdoc cref="PublishRequest.Except"/>
    public ConnectionId? Except { get; init; }

    /// <inheritdoc cref="PublishRequest.Trace"/>
    public string? Trace { get; init; }
}
