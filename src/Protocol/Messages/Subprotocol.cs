namespace Gateway.Protocol.Messages;

/// <summary>The values of <c>Sec-WebSocket-Protocol</c> that name the encoding of messages.</summary>
public static class Subprotocol
{
    /// <summary>Protocol version 1: each message is one JSON object in a text message.</summary>
    public const string Json = "gateway.v1.json";
}
