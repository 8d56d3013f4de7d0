using Gateway.Server.Backplane;
using Gateway.Server.Channels;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// Where a dialect's messages to its own client leave: the connection's writer, in its encoding. Safe for any thread.
/// </summary>
internal interface IReplyOutlet
{
    /// <summary>Sends a message; read before the method returns.</summary>
    /// <returns>False when the message's subscription has ended: nothing is sent then.</returns>
    bool Send(in Reply reply);

    /// <summary>
    /// Sends a message of a channel to this client alone, looking as it does for the channel's other subscribers; read before the method
    /// returns. It leaves with the read loop's next flush.
    /// </summary>
    /// <returns>False when the subscription has ended: nothing is sent then.</returns>
    bool SendMessage(Subscription subscription, in Publication publication);
}
