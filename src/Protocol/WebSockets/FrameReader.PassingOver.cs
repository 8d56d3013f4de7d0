using System.Buffers;

namespace Gateway.Protocol.WebSockets;

/// <content>
/// What comes of a message that is too large, after the violation: its sender may not read the close frame before it has sent the rest.
/// </content>
internal partial struct FrameReader
{
    /// <summary>
    /// Fails, and passes over the rest of the message. The header that was too much is not consumed: it is read again, without a limit.
    /// </summary>
    private ReceivedFrame FailPassingOver(CloseStatus violation)
    {
        bool isOpen = _message.IsOpen;
        var failed = Fail(violation);
        _message = new MessageAssembly(int.MaxValue);
        if (isOpen)
            _message.Open(Opcode.Binary, isCompressed: false);
        _state = State.PassingOver;
        return failed;
    }

    private void PassOver(ref ReadOnlySequence<byte> input)
    {
        while (_state == State.PassingOver && !input.IsEmpty)
        {
            if (_remaining > 0)
            {
                int passed = (int)Math.Min(input.Length, _remaining);
                input = input.Slice(passed);
                _remaining -= passed;
            }
            else if (input.First.IsEmpty)
            {
                input = AfterFirstSegment(input);
                continue;
            }
            else
            {
                var status = TakeHeader(input.First.Span, out var header, out _, out int consumed);
                input = input.Slice(consumed);
                if (status == OperationStatus.NeedMoreData)
                    continue;
                // A close frame in the middle of a message is the last frame.
                bool ends = status == OperationStatus.InvalidData || header.Opcode == Opcode.Close;
                if (ends)
                    _state = State.Ended;
                else if (header.Opcode is Opcode.Text or Opcode.Binary)
                    _message.Open(header.Opcode, header.IsCompressed);
                _remaining = header.PayloadLength;
                _isFinal = header.IsFinal && !FrameHeader.IsControl(header.Opcode);
            }
            if (_remaining == 0 && _isFinal)
                _state = State.Ended;
        }
    }
}
