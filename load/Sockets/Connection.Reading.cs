using System.Buffers;
using System.Runtime.InteropServices;
using Gateway.Protocol.Compression;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Sockets;

/// <content>Reading: whole frames are handled where they lie; what is left of the data waits for the rest of its frame.</content>
internal sealed partial class Connection
{
    /// <summary>The length of what is kept of a frame: where the next data is to be put behind.</summary>
    private void TakeGuarded(Span<byte> data)
    {
        try
        {
            Take(data);
        }
        catch (LoadException failure)
        {
            End(new ConnectionEnd(_state == State.Upgrading ? 0 : ConnectionEnd.Lost, failure.Message));
        }
    }

    private void Take(ReadOnlySpan<byte> data)
    {
        if (_state == State.Upgrading && !TryTakeAnswer(ref data))
        {
            Keep(data);
            return;
        }
        while (_state == State.Open && FrameParser.TryRead(
            data, _isCompressing, out var opcode, out bool isFinal, out bool isCompressed, out var payload, out int size))
        {
            data = data[size..];
            if (isCompressed)
                Inflate(isFinal, payload);
            else
                Handle(opcode, isFinal, payload);
        }
        if (_state == State.Open)
            Keep(data);
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        if (data.Length > _rest.Length)
            _rest = new byte[Math.Max(256, 2 * data.Length)];
        data.CopyTo(_rest);
        _restLength = data.Length;
    }

    private bool TryTakeAnswer(ref ReadOnlySpan<byte> data)
    {
        int end = data.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return data.Length < EventLoop.BufferBytes / 2 ? false : throw new LoadException("the answer to the upgrade has no end");
        ConnectionTarget.CheckAnswer(data[..end]);
        _isCompressing = data[..end].IndexOf("permessage-deflate"u8) >= 0;
        data = data[(end + 4)..];
        _state = State.Open;
        _events.OnOpen();
        return true;
    }

    private void Handle(Opcode opcode, bool isFinal, ReadOnlySpan<byte> payload)
    {
        switch (opcode)
        {
            case Opcode.Text or Opcode.Binary when isFinal:
                _events.OnMessage(payload);
                break;
            case Opcode.Text or Opcode.Binary or Opcode.Continuation:
                TakeFragment(isFinal, payload);
                break;
            case Opcode.Ping:
                Send(Opcode.Pong, payload);
                break;
            case Opcode.Pong:
                _events.OnPong();
                break;
            case Opcode.Close:
                Send(Opcode.Close, payload.Length >= 2 ? payload[..2] : default);
                Flush();
                End(ConnectionEnd.Read(payload));
                break;
            default:
                throw new LoadException($"the server sent a frame with opcode {(int)opcode}");
        }
    }

    private void Inflate(bool isFinal, ReadOnlySpan<byte> payload)
    {
        if (!isFinal)
            throw new LoadException("the server sent a compressed message in fragments, which is not expected here");
        var outcome = _loop.Inflater.Inflate(payload, EventLoop.BufferBytes, out byte[]? message, out int length);
        if (outcome != InflateOutcome.Done)
            throw new LoadException($"the server sent a compressed message that cannot be inflated: {outcome}");
        _events.OnMessage(message.AsSpan(0, length));
        if (message is not null)
            ArrayPool<byte>.Shared.Return(message);
    }

    private void TakeFragment(bool isFinal, ReadOnlySpan<byte> payload)
    {
        _fragments ??= [];
        if (_fragments.Count + payload.Length > EventLoop.BufferBytes)
            throw new LoadException("the server sent a message larger than is expected here");
        _fragments.AddRange(payload);
        if (!isFinal)
            return;
        var whole = _fragments;
        _fragments = null;
        _events.OnMessage(CollectionsMarshal.AsSpan(whole));
    }
}
