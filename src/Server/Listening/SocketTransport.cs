using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Listening;

/// <summary>
/// A plain connection of Kestrel's. Sends on the socket itself, past Kestrel's output pipe: no copy, no buffer that an idle
/// connection holds, and the system call is made by the thread that has the bytes.
/// </summary>
internal sealed class SocketTransport : PipeTransport
{
    private readonly ConnectionContext _connection;
    private readonly Socket _socket;

    public SocketTransport(ConnectionContext connection, Socket socket)
    {
        _connection = connection;
        _socket = socket;
        // The runtime's sockets are non-blocking anyway; this makes a full buffer an answer instead of a wait.
        socket.Blocking = false;
    }

    public override bool ClosesWhenOutputEnds => true;

    protected override PipeReader Input => _connection.Transport.Input;

    protected override PipeWriter OutputPipe => _connection.Transport.Output;

    protected override IFeatureCollection Features => _connection.Features;

    public override void Abort(ConnectionAbortedException reason) => _connection.Abort(reason);

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        try
        {
            int sent = _socket.Send(bytes, SocketFlags.None, out var error);
            return error switch
            {
                SocketError.Success => sent,
                SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable => 0,
                _ => -1,
            };
        }
        catch (ObjectDisposedException)
        {
            return -1;
        }
    }

    public override ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        // The socket keeps an object for its first asynchronous send for good; most connections never need one.
        int sent = TrySend(bytes.Span);
        return sent < 0 || sent == bytes.Length ? new ValueTask<bool>(sent >= 0) : SendRestAsync(bytes[sent..]);
    }

    private async ValueTask<bool> SendRestAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false)..];
            return true;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
