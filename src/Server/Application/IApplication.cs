using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;

namespace Gateway.Server.Application;

/// <summary>
/// The application behind the gateway: it decides over what its clients want, and hears what has happened. Sessions, admission and the
/// publish endpoint call it, from any thread; whether it is a web service or code in this process is nothing that they see.
/// </summary>
/// <remarks>
/// Callers look at <see cref="Interests"/> first, so that a decision or an event nobody wants costs nothing. The events come through
/// <c>On…</c> methods, which may be called under locks: they take note and return, and neither block nor throw. Occupied, vacated, online
/// and offline come through <see cref="IOccupancySink"/>, because they need an acknowledgement.
/// </remarks>
internal interface IApplication : IOccupancySink
{
    /// <summary>The decisions and events that the application wants. Does not change.</summary>
    Interests Interests { get; }

    /// <summary>Decides whether a client may connect. The caller's user is the one that the client has signed in as.</summary>
    /// <param name="caller">The client.</param>
    /// <param name="transport">How it is connected: <c>websocket</c> or <c>sse</c>.</param>
    ValueTask<Decision> ConnectAsync(in Caller caller, string transport);

    /// <summary>Decides whether a client that has the right to subscribe may do so.</summary>
    ValueTask<Decision> SubscribeAsync(in Caller caller, ChannelName channel);

    /// <summary>Decides whether a client that has the right to publish may do so, and with which content and attachments.</summary>
    /// <param name="caller">The publisher.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="payload">The message; read before the method returns.</param>
    ValueTask<Decision> PublishAsync(in Caller caller, ChannelName channel, Payload payload);

    void OnConnected(string connection, string user);

    /// <param name="connection">The connection's id.</param>
    /// <param name="user">Its user.</param>
    /// <param name="code">The code of the close frame; 1006 where there was none.</param>
    void OnDisconnected(string connection, string user, int code);

    void OnSubscribed(string connection, string user, ChannelName channel);

    void OnUnsubscribed(string connection, string user, ChannelName channel);
}
