using Gateway.Server.Connections.Sending;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Connections;

/// <summary>
/// The stream of bytes below a connection, in both directions. One connection uses it; what may be called from any thread says so.
/// </summary>
/// <remarks>
/// Input is handed to a receiver: pulled out of a pipe by a loop of the transport's own, or pushed by an event loop when it has arrived. So
/// an idle connection needs no more than its transport does.
/// </remarks>
internal interface ITransport
{
    /// <summary>Where bytes for the peer go.</summary>
    IOutput Output { get; }

    /// <summary>
    /// Whether the socket closes as soon as its output has ended. Elsewhere something stands between that closes the socket when the
    /// connection is over: TLS, or the HTTP server.
    /// </summary>
    bool ClosesWhenOutputEnds { get; }

    /// <summary>Whether one thread receives for many connections, in turn.</summary>
    bool SharesThread { get; }

    /// <summary>
    /// Hands the input of an open connection to it, until it wants no more or the input has ended, and then tells it so.
    /// </summary>
    /// <param name="connection">The receiver, whose <see cref="IConnectionReceiver.OnEndAsync"/> is called once.</param>
    /// <param name="opened">Completes when the connection has opened, with whether there is anything to receive.</param>
    /// <returns>
    /// Completes when the socket's acceptor may let go of it: when the connection is over, or as soon as it has opened where the transport
    /// closes the socket itself.
    /// </returns>
    Task RunAsync(IConnectionReceiver connection, ValueTask<bool> opened);

    /// <summary>
    /// Hands on what still comes after a connection wanted no more. Returns when the receiver wants no more either, or the input has ended.
    /// </summary>
    Task ReceiveAsync(IInputReceiver receiver);

    /// <summary>Has the receiver called soon, with whatever input there is. From any thread.</summary>
    void Wake();

    /// <summary>Closes the socket without waiting for anything. From any thread.</summary>
    void Abort(ConnectionAbortedException reason);

    /// <summary>Ends the output where the input can stay open. Called while nothing is received: TLS takes one call at a time.</summary>
    ValueTask HalfCloseAsync();

    /// <summary>Ends the output, behind all that was given to it.</summary>
    ValueTask EndOutputAsync();
}
