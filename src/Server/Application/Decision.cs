using Gateway.Protocol.Messages;

namespace Gateway.Server.Application;

/// <summary>The application's answer to something that a client wants. Immutable.</summary>
/// <param name="Denial">The error that the client gets instead; null where it is allowed.</param>
/// <param name="Content">JSON to publish in place of the client's; null for the client's own.</param>
internal readonly record struct Decision(ProtocolError? Denial, ReadOnlyMemory<byte>? Content = null)
{
    public static Decision Allowed => default;
}
