using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// A listening socket of the event loops. To the HTTP server it is a listener that accepts what the loops hand over, one connection at a
/// time, with nothing of it read. Safe for any thread.
/// </summary>
internal sealed class LoopListener : IConnectionListener, ILoopConnectionOwner, IMemoryPoolFeature
{
    private readonly Socket _socket;
    private readonly EventLoops _loops;
    private readonly AcceptedSockets _sockets;
    private readonly ILoopHandshakes _handshakes;
    private readonly SocketConnectionContextFactory _http;
    private readonly ILogger _log;
    private readonly SpareDescriptor _spare = new();

    /// <summary>Not bounded by itself: each is one of the sockets that are counted.</summary>
    private readonly Channel<ConnectionContext> _handedOver = Channel.CreateUnbounded<ConnectionContext>();

    private LoopAcceptor[] _acceptors = [];

    public LoopListener(
        Socket socket,
        EventLoops loops,
        AcceptedSockets sockets,
        ILoopHandshakes handshakes,
        SocketConnectionContextFactory http,
        MemoryPool<byte> pool,
        ILogger log)
    {
        _socket = socket;
        _loops = loops;
        _sockets = sockets;
        _handshakes = handshakes;
        _http = http;
        MemoryPool = pool;
        _log = log;
        EndPoint = socket.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    /// <summary>
    /// For the HTTP server. A factory that is not the server's own gives its connections the shared pool, with which the server fails: it
    /// asks for 0 bytes and expects a block.
    /// </summary>
    public MemoryPool<byte> MemoryPool { get; }

    /// <summary>Has every loop accept.</summary>
    public Task StartAsync()
    {
        int descriptor = (int)_socket.SafeHandle.DangerousGetHandle();
        _acceptors = [.. _loops.All.Select(loop => new LoopAcceptor(descriptor, loop, this, _spare))];
        return Task.WhenAll(_acceptors.Select(acceptor => acceptor.StartAsync()));
    }

    /// <summary>A socket was accepted. Called by the loop that did.</summary>
    public void OnAccepted(int descriptor, IPEndPoint peer)
    {
        if (!_sockets.TryAdd(peer))
        {
            _ = Libc.Close(descriptor);
            return;
        }
        var connection = new LoopConnection(_loops.Choose(), descriptor, peer, this);
        _handshakes.OnAccepted(connection);
        connection.Start();
    }

    /// <summary>There was no file left for a socket, which is closed.</summary>
    public void OnRefused() => _sockets.RefuseForFiles(peer: null);

    ValueTask ILoopConnectionOwner.OnPeekedAsync(LoopConnection connection, Memory<byte> bytes) =>
        _handshakes.OnPeekedAsync(connection, bytes);

    void ILoopConnectionOwner.OnClosed(LoopConnection connection) => _sockets.Remove(connection.Peer);

    void ILoopConnectionOwner.OnDetached(LoopConnection connection)
    {
        _sockets.HandOver(connection.Peer);
        var handle = new SafeSocketHandle(connection.Descriptor, ownsHandle: true);
        try
        {
            var context = _http.Create(new Socket(handle));
            context.Features.Set<IMemoryPoolFeature>(this);
            if (_handedOver.Writer.TryWrite(context))
                return;
            // The server does not take any more, and its middleware will not undo the count.
            context.Abort();
            _ = context.DisposeAsync().AsTask();
        }
        catch (SocketException failure)
        {
            handle.Dispose();
            LoopLog.LostBeforeHttp(_log, failure);
        }
        _sockets.Forget();
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _handedOver.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_handedOver.Reader.TryRead(out var connection))
                return connection;
        }
        return null;
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await Task.WhenAll(_acceptors.Select(acceptor => acceptor.StopAsync())).ConfigureAwait(false);
        _socket.Dispose();
        _spare.Dispose();
        // A connection that has not said yet what it wants may still turn out to be the server's, and is closed then.
        _handedOver.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync().ConfigureAwait(false);
        await _loops.StopAsync().ConfigureAwait(false);
        _http.Dispose();
        MemoryPool.Dispose();
    }
}
