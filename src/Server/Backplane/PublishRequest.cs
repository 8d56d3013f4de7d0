using Gateway.Protocol.Messages;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane;

/// <summary>
/// A message on its way into the backplane. Its spans are read before <see cref="IBackplane.PublishAsync"/> returns, never after.
/// </summary>
internal readonly ref struct PublishRequest
{
    public Payload Payload { get; init; }

    /// <summary>The user id of the publisher; empty when nobody is to be named.</summary>
    public Utf8Text Sender { get; init; }

    /// <summary>With it, a message that was published before in the same channel is not published again.</summary>
    public IdempotencyKey Key { get; init; }

    /// <summary>The id of the connection that must not get the message back; null for none.</summary>
    public ConnectionId? Except { get; init; }

    /// <summary>The <c>traceparent</c> of what causes it (W3C Trace Context); null where nobody traces.</summary>
    public string? Trace { get; init; }
}
