namespace Gateway.Server.Connections.Sending;

/// <summary>
/// Where a dialect's messages to its own client leave: the connection's writer, in its encoding. Safe for any thread.
/// </summary>
internal interface IReplyOutlet
{
    /// <summary>Sends a message; read before the method returns.</summary>
    /// <returns>False when the message's subscription has ended: nothing is sent then.</returns>
    bool Send(in Reply reply);
}
