using System.Buffers;
using System.Buffers.Binary;
using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Dialects.Streams;

/// <summary>Used by one sender at a time. Takes the gateway's own frames out of what a writer sends, which cuts only what is larger than it sends at once.</summary>
internal struct ServerFrames
{
    private const byte OpcodeBits = 0x0F;
    private const byte LengthBits = 0x7F;

    /// <summary>The beginning of a frame that has not come whole; null while there is none.</summary>
    private byte[]? _held;
    private int _count;

    /// <summary>Takes the next frame; false when the bytes are used up.</summary>
    /// <param name="bytes">What is left of what was sent.</param>
    /// <param name="opcode">What kind of frame it is.</param>
    /// <param name="payload">Valid until the next call.</param>
    public bool TryRead(ref ReadOnlyMemory<byte> bytes, out Opcode opcode, out ReadOnlyMemory<byte> payload)
    {
        if (_count == 0)
        {
            // Between messages nothing is held.
            Release();
            if (SizeOf(bytes.Span) is var whole && whole <= bytes.Length)
            {
                Split(bytes[..whole], out opcode, out payload);
                bytes = bytes[whole..];
                return true;
            }
        }
        // Growing as long as what is held tells that more belongs to it.
        for (int size; (size = SizeOf(_held.AsSpan(0, _count))) > _count;)
        {
            if (bytes.IsEmpty)
            {
                (opcode, payload) = (default, default);
                return false;
            }
            Reserve(size);
            int taken = Math.Min(size - _count, bytes.Length);
            bytes.Span[..taken].CopyTo(_held.AsSpan(_count));
            bytes = bytes[taken..];
            _count += taken;
        }
        Split(_held.AsMemory(0, _count), out opcode, out payload);
        _count = 0;
        return true;
    }

    /// <summary>Bytes of the frame that begins here; where that can't be told yet, those it takes to tell.</summary>
    private static int SizeOf(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 2)
            return 2;
        int length = frame[1] & LengthBits;
        return length switch
        {
            126 => frame.Length < 4 ? 4 : 4 + BinaryPrimitives.ReadUInt16BigEndian(frame[2..]),
            127 => frame.Length < FrameWriter.MaxHeaderBytes ? FrameWriter.MaxHeaderBytes : FrameWriter.MaxHeaderBytes + (int)BinaryPrimitives.ReadInt64BigEndian(frame[2..]),
            _ => 2 + length,
        };
    }

    private static void Split(ReadOnlyMemory<byte> frame, out Opcode opcode, out ReadOnlyMemory<byte> payload)
    {
        opcode = (Opcode)(frame.Span[0] & OpcodeBits);
        payload = frame[((frame.Span[1] & LengthBits) switch { 126 => 4, 127 => FrameWriter.MaxHeaderBytes, _ => 2 })..];
    }

    private void Reserve(int size)
    {
        if (_held is not null && _held.Length >= size)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(size);
        _held.AsSpan(0, _count).CopyTo(larger);
        Release();
        _held = larger;
    }

    private void Release()
    {
        if (_held is not null)
            ArrayPool<byte>.Shared.Return(_held);
        _held = null;
    }
}
