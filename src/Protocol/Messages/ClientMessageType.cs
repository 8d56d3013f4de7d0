namespace Gateway.Protocol.Messages;

/// <summary>The <c>type</c> of a client's message.</summary>
internal enum ClientMessageType : byte
{
    /// <summary>A type that this version does not know. The client gets an error, and the connection stays open.</summary>
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
