using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using Gateway.Protocol.Compression;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// The server's reader of RFC 6455 frames: it takes bytes as they arrive, cut anywhere, and gives whole messages and control frames. A
/// field of one connection's read loop: not safe for several threads, and not to be copied.
/// </summary>
/// <remarks>
/// A frame that lies in one segment is unmasked in place, so the caller must own the input's memory until it advances, as with a pipe.
/// Other frames are gathered in pooled memory. The reader itself has a few dozen bytes, so that an idle connection which sent half a header
/// holds neither an input buffer nor a pooled one.
/// </remarks>
internal partial struct FrameReader : IDisposable
{
    private const int MaxControlPayload = 125;

    private MessageAssembly _message;
    // Rented only for a control payload that arrives in parts.
    private byte[]? _control;
    private uint _key;
    // The bytes of the current frame's payload that are still to come.
    private int _remaining;
    private HeaderBytes _header;
    private byte _headerLength;
    private byte _controlLength;
    private Opcode _opcode;
    private bool _isFinal;
    private bool _inPayload;
    private readonly bool _allowsCompression;
    private State _state;

    private enum State : byte
    {
        Reading,
        /// <summary>A message was too big, and its end has not come yet.</summary>
        PassingOver,
        Ended,
    }

    /// <param name="maxMessageBytes">The longest message, over all its fragments. A longer one is a violation (1009).</param>
    /// <param name="allowsCompression">Whether permessage-deflate was agreed on.</param>
    public FrameReader(int maxMessageBytes, bool allowsCompression = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxMessageBytes);
        _message = new MessageAssembly(maxMessageBytes);
        _allowsCompression = allowsCompression;
    }

    /// <summary>Whether a Close or a Violation has ended the reader.</summary>
    public readonly bool HasEnded => _state != State.Reading;

    /// <summary>Whether nothing of a message or frame has come that has not been taken: a new reader would go on as well.</summary>
    public readonly bool IsBetweenMessages =>
        _state == State.Reading && _headerLength == 0 && !_inPayload && !_message.IsOpen && BufferedBytes == 0;

    /// <summary>Whether the rest of a message that was too big is still to come.</summary>
    public readonly bool IsPassingOver => _state == State.PassingOver;

    /// <summary>The size of the pooled memory that the reader holds. 0 between messages.</summary>
    public readonly int BufferedBytes => _message.BufferedBytes + (_control?.Length ?? 0);

    /// <summary>
    /// Takes the next whole message or control frame from the input, and slices off the bytes that it consumed. Without one it returns
    /// NeedMoreData and an empty <paramref name="input"/>: every byte is then in the reader's own state, and the caller gives its buffer
    /// back. A Close or a Violation ends the reader: the rest of this input and all later ones are discarded (RFC 6455 1.4, 7.1.7), and
    /// further calls return NeedMoreData.
    /// </summary>
    public ReceivedFrame Read(ref ReadOnlySequence<byte> input)
    {
        ReleaseLent();
        ReceivedFrame frame = default;
        while (_state == State.Reading && !input.IsEmpty && frame.Kind == FrameKind.NeedMoreData)
        {
            var segment = input.First;
            if (segment.IsEmpty)
            {
                // Slice(0) would stay at the empty segment.
                input = AfterFirstSegment(input);
                continue;
            }
            frame = ReadSegment(MemoryMarshal.AsMemory(segment), out int consumed);
            input = input.Slice(consumed);
        }
        if (_state == State.PassingOver)
            PassOver(ref input);
        if (_state == State.Ended)
            input = input.Slice(input.End);
        return frame;
    }

    /// <summary>Gives pooled memory back. Safe to call twice. The reader then behaves as after a Close.</summary>
    public void Dispose()
    {
        _state = State.Ended;
        _message.Dispose();
        ReleaseControl();
    }

    private static ReadOnlySequence<byte> AfterFirstSegment(in ReadOnlySequence<byte> input)
    {
        var next = input.Start;
        input.TryGet(ref next, out _);
        return input.Slice(next);
    }

    private ReceivedFrame ReadSegment(Memory<byte> segment, out int consumed)
    {
        consumed = 0;
        if (!_inPayload)
        {
            switch (TakeHeader(segment.Span, out var header, out var violation, out consumed))
            {
                case OperationStatus.NeedMoreData:
                    return default;
                case OperationStatus.InvalidData:
                    return violation.Code == CloseCode.MessageTooBig ? FailPassingOver(violation) : Fail(violation);
            }
            bool standsAlone = FrameHeader.IsControl(header.Opcode) || (header.IsFinal && !_message.IsOpen);
            if (standsAlone && header.PayloadLength <= segment.Length - consumed)
            {
                var payload = segment.Slice(consumed, header.PayloadLength);
                consumed += header.PayloadLength;
                return ReadInPlace(header, payload);
            }
            if (!TryBeginPayload(header))
                return Fail(Violations.TooManyFragments(_message.Limit));
        }
        return TakePayload(segment.Span[consumed..], ref consumed);
    }

    /// <summary>Reads a header from the kept bytes and these, and keeps them if they are not a whole header yet.</summary>
    private OperationStatus TakeHeader(
        scoped ReadOnlySpan<byte> bytes, out FrameHeader header, out CloseStatus violation, out int consumed)
    {
        consumed = 0;
        int kept = _headerLength;
        if (kept > 0)
        {
            Span<byte> gathered = _header;
            int added = Math.Min(bytes.Length, gathered.Length - kept);
            bytes[..added].CopyTo(gathered[kept..]);
            bytes = gathered[..(kept + added)];
        }
        var status = FrameHeader.Read(bytes, in _message, _allowsCompression, out header, out violation);
        switch (status)
        {
            case OperationStatus.NeedMoreData:
                bytes.CopyTo(_header);
                _headerLength = (byte)bytes.Length;
                consumed = bytes.Length - kept;
                break;
            case OperationStatus.Done:
                _headerLength = 0;
                consumed = header.Size - kept;
                break;
        }
        return status;
    }

    private ReceivedFrame ReadInPlace(in FrameHeader header, Memory<byte> payload)
    {
        var bytes = payload.Span;
        Masking.Apply(bytes, header.MaskingKey);
        if (FrameHeader.IsControl(header.Opcode))
            return ReadControl(header.Opcode, payload);
        if (header.IsCompressed)
            return Inflate(header.Opcode, bytes);
        if (header.Opcode == Opcode.Text && !Utf8.IsValid(bytes))
            return Fail(Violations.InvalidText);
        return ReceivedFrame.Message(header.Opcode, payload);
    }

    private bool TryBeginPayload(in FrameHeader header)
    {
        _opcode = header.Opcode;
        _isFinal = header.IsFinal;
        _key = header.MaskingKey;
        _remaining = header.PayloadLength;
        _inPayload = true;
        if (_opcode is Opcode.Text or Opcode.Binary)
            _message.Open(_opcode, header.IsCompressed);
        return FrameHeader.IsControl(_opcode) || _message.TryAddFrame(header.Size);
    }

    private ReceivedFrame TakePayload(ReadOnlySpan<byte> bytes, ref int consumed)
    {
        bytes = bytes[..Math.Min(bytes.Length, _remaining)];
        _remaining -= bytes.Length;
        consumed += bytes.Length;
        _inPayload = _remaining > 0;
        if (FrameHeader.IsControl(_opcode))
        {
            AppendControl(bytes);
            return _inPayload ? default : ReadControl(_opcode, _control.AsMemory(0, _controlLength));
        }
        if (!_message.TryAppend(bytes, ref _key))
            return Fail(Violations.InvalidText);
        if (_inPayload || !_isFinal)
            return default;
        if (!_message.TryComplete(out var opcode, out var payload))
            return Fail(Violations.InvalidText);
        return _message.IsCompressed ? Inflate(opcode, payload.Span) : ReceivedFrame.Message(opcode, payload);
    }

    /// <summary>Inflates a whole message, into memory that takes the place of what it was gathered in.</summary>
    private ReceivedFrame Inflate(Opcode opcode, ReadOnlySpan<byte> compressed)
    {
        int compressedBytes = compressed.Length;
        var inflater = Inflater.Shared.Rent();
        var outcome = inflater.Inflate(compressed, _message.Limit, out byte[]? buffer, out int length);
        Inflater.Shared.Return(inflater);
        _message.Replace(buffer);
        if (outcome != InflateOutcome.Done)
            return Fail(outcome == InflateOutcome.TooLarge ? Violations.MessageTooBig(_message.Limit) : Violations.InvalidCompression);
        var payload = buffer.AsMemory(0, length);
        if (opcode == Opcode.Text && !Utf8.IsValid(payload.Span))
            return Fail(Violations.InvalidText);
        return ReceivedFrame.Message(opcode, payload, compressedBytes);
    }

    private void AppendControl(ReadOnlySpan<byte> masked)
    {
        if (masked.IsEmpty)
            return;
        _control ??= ArrayPool<byte>.Shared.Rent(MaxControlPayload);
        var added = _control.AsSpan(_controlLength, masked.Length);
        masked.CopyTo(added);
        _key = Masking.Apply(added, _key);
        _controlLength += (byte)masked.Length;
    }

    private ReceivedFrame ReadControl(Opcode opcode, ReadOnlyMemory<byte> payload)
    {
        if (opcode != Opcode.Close)
            return ReceivedFrame.Heartbeat(opcode, payload);
        if (!CloseStatus.TryRead(payload.Span, out var status))
            return Fail(status);
        Dispose();
        return ReceivedFrame.Close(status);
    }

    private ReceivedFrame Fail(CloseStatus violation)
    {
        Dispose();
        return ReceivedFrame.Violation(violation);
    }

    /// <summary>Gives back the memory that the previous Read lent out. A message that is still being gathered stays.</summary>
    private void ReleaseLent()
    {
        if (!_message.IsOpen && _message.BufferedBytes > 0)
            _message.Dispose();
        if (!_inPayload && _control is not null)
            ReleaseControl();
    }

    private void ReleaseControl()
    {
        if (_control is not null)
            ArrayPool<byte>.Shared.Return(_control);
        _control = null;
        _controlLength = 0;
    }

    [InlineArray(FrameHeader.MaxBytes)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
