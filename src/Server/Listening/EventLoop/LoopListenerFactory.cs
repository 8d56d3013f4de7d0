using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>Listens with event loops where the address is a <see cref="LoopEndPoint"/>. Used by the HTTP server at its start.</summary>
/// <param name="loops">The loops, which begin with the listener.</param>
/// <param name="sockets">Counts what is accepted.</param>
/// <param name="handshakes">Decides what it is for.</param>
/// <param name="pools">The HTTP server's own, for the connections that it gets.</param>
/// <param name="options">How those are read and written.</param>
/// <param name="logs">Makes the listener's log.</param>
internal sealed class LoopListenerFactory(
    EventLoops loops,
    AcceptedSockets sockets,
    ILoopHandshakes handshakes,
    IMemoryPoolFactory<byte> pools,
    IOptions<SocketTransportOptions> options,
    ILoggerFactory logs)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private const int TcpLevel = 6, DeferAccept = 9;

    /// <summary>The shortest time for which the system defers: until it has answered the client's connect once more.</summary>
    private const int DeferSeconds = 1;

    public bool CanBind(EndPoint endpoint) => endpoint is LoopEndPoint;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var log = logs.CreateLogger(LoopLog.Category);
        var socket = Listen(endpoint);
        loops.Start();
        var http = new SocketConnectionContextFactory(HttpSockets(options.Value), log);
        var listener = new LoopListener(socket, loops, sockets, handshakes, http, pools.Create(), log);
        await listener.StartAsync().ConfigureAwait(false);
        return listener;
    }

    /// <summary>As the HTTP server's own listeners make their sockets.</summary>
    private static SocketConnectionFactoryOptions HttpSockets(SocketTransportOptions options) => new()
    {
        IOQueueCount = options.IOQueueCount,
        MaxReadBufferSize = options.MaxReadBufferSize,
        MaxWriteBufferSize = options.MaxWriteBufferSize,
        UnsafePreferInlineScheduling = options.UnsafePreferInlineScheduling,
        WaitForDataBeforeAllocatingBuffer = options.WaitForDataBeforeAllocatingBuffer,
    };

    private Socket Listen(EndPoint endpoint)
    {
        Socket? socket = null;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            // Accepted sockets inherit it.
            socket.NoDelay = options.Value.NoDelay;
            // An accept that finds nothing is an answer, not a wait.
            socket.Blocking = false;
            // A socket is accepted with its request in it, so that it wakes the loop once. One that sends nothing is accepted a second
            // later.
            socket.SetRawSocketOption(TcpLevel, DeferAccept, BitConverter.GetBytes(DeferSeconds));
            socket.Listen(options.Value.Backlog);
            return socket;
        }
        catch (SocketException failure)
        {
            socket?.Dispose();
            if (failure.SocketErrorCode == SocketError.AddressAlreadyInUse)
                throw new AddressInUseException(failure.Message, failure);
            throw;
        }
    }
}
