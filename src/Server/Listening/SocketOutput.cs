using System.Net.Sockets;
using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Listening;

/// <summary>
/// Used by one sender at a time. Sends on the socket itself, past Kestrel's output pipe: no copy, no buffer that an idle
/// connection holds, and the system call is made by the thread that has the bytes.
/// </summary>
internal sealed class SocketOutput : IOutput
{
    private readonly Socket _socket;

    public SocketOutput(Socket socket)
    {
        _socket = socket;
        // The runtime's sockets are non-blocking anyway; this makes a full buffer an answer instead of a wait.
        socket.Blocking = false;
    }

    public int TrySend(ReadOnlySpan<byte> bytes)
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

    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
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
                bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
            return true;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
