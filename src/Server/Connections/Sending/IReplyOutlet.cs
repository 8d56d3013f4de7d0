namespace Gateway.Server.Connections.Sending;

/// <summary>
/// Where a dialect's messages to its own client leave: as text frames of a WebSocket, or as the events of a stream. Safe for any thread.
/// </summary>
internal interface IReplyOutlet
{
    /// <summary>Sends a message; read before the method returns.</summary>
    /// <returns>False when the message's subscription has ended: nothing is sent then.</returns>
    bool Send(in Reply reply);
}
