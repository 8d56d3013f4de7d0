using System.Net.Sockets;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Sockets;

/// <content>Sending: gathered for the loop's round where it is the loop that sends, at once from elsewhere.</content>
internal sealed partial class Connection
{
    public void Send(Envelope envelope, ReadOnlySpan<byte> content)
    {
        lock (_sending)
        {
            _out.AddText(envelope, content);
            FlushOrWait();
        }
    }

    public void Send(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        lock (_sending)
        {
            _out.AddFrame(opcode, payload);
            FlushOrWait();
        }
    }

    /// <summary>Says goodbye; the end comes as an event when the server has answered.</summary>
    public void Close() => Send(Opcode.Close, [0x03, 0xE8]); // 1000

    /// <summary>Sends what waits. Called by the loop, or when the connection's turn has come.</summary>
    public void Flush()
    {
        lock (_sending)
        {
            _isDue = false;
            Write();
        }
    }

    private void SendRaw(ReadOnlySpan<byte> bytes)
    {
        lock (_sending)
        {
            _out.AddRaw(bytes);
            Write();
        }
    }

    private void FlushOrWait()
    {
        if (!_loop.IsCurrent)
        {
            Write();
        }
        else if (!_isDue)
        {
            _isDue = true;
            _loop.SendLater(this);
        }
    }

    // Errors are left to the reading side, which is told of them too.
    private void Write()
    {
        if (_state == State.Closed)
            return;
        if (_tls is not null)
            _tls.Write(_out);
        else if (!_out.IsEmpty)
            WriteTo(_out);
    }

    private void WriteTo(FrameBuffer bytes)
    {
        int sent = Socket.Send(bytes.Unsent, SocketFlags.None, out var error);
        if (error == SocketError.Success)
            bytes.Sent(sent);
        bool isFull = !bytes.IsEmpty && error is SocketError.Success or SocketError.WouldBlock;
        if (isFull == _isFull)
            return;
        _isFull = isFull;
        _loop.Post(WatchAgain);
    }

    private void WatchAgain()
    {
        if (_state is State.Upgrading or State.Open)
            Watch();
    }
}
