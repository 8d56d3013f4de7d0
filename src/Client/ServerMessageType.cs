namespace Gateway.Client;

/// <summary>The types of the gateway's messages that a client acts on.</summary>
internal enum ServerMessageType
{
    /// <summary>A type without consequences, such as <c>pong</c>, or one of a newer gateway.</summary>
    Other,
    Ack,
    Connected,
    Disconnect,
    Error,
    History,
    Message,
    Presence,
    Refreshed,
    Subscribed,
    Unsubscribed,
}
