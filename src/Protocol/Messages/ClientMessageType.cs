namespace Gateway.Protocol.Messages;

/// <summary>What a client asks for: the value of <c>type</c> in a message to the server.</summary>
public enum ClientMessageType : byte
{
    /// <summary>A <c>type</c> that this version does not know. It is answered, and the connection stays.</summary>
    Unknown,
    Auth,
    Subscribe,
    Unsubscribe,
    Message,
    Presence,
    History,
    Refresh,
    Ping,
}
