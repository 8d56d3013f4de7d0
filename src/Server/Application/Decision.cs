using Gateway.Protocol.Messages;

namespace Gateway.Server.Application;

/// <summary>Immutable. What the backend says of something a client wants.</summary>
/// <param name="Denial">What the client is told instead; null where it is allowed.</param>
/// <param name="Content">JSON to publish in place of the client's; null for the client's own.</param>
internal readonly record struct Decision(ProtocolError? Denial, ReadOnlyMemory<byte>? Content = null)
{
    public static Decision Allowed => default;
}
