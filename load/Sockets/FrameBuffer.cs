using System.Buffers.Binary;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Sockets;

/// <summary>A client's frames (RFC 6455 5.2: masked), gathered until they can be sent. Not thread-safe.</summary>
internal sealed class FrameBuffer
{
    private const int MaxHeaderBytes = 14;
    private const byte Final = 0x80;
    private const byte Masked = 0x80;
    private const int Kept = 4096;

    /// <summary>
    /// One key for all frames: what hides them from proxies is not needed here, while 0, with which some servers skip the work, would
    /// flatter them.
    /// </summary>
    private const uint Key = 0x37FA213D;

    private byte[] _bytes = [];
    private int _start;
    private int _end;

    public bool IsEmpty => _start == _end;

    public ReadOnlySpan<byte> Unsent => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Adds bytes that are sent as they are: the upgrade.</summary>
    public void AddRaw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    public void AddFrame(Opcode opcode, ReadOnlySpan<byte> payload) =>
        BeginFrame(opcode, payload.Length, out int start, payload).Mask(start);

    /// <summary>A text frame of what stands around a content, and the content.</summary>
    public void AddText(Envelope envelope, ReadOnlySpan<byte> content)
    {
        int length = envelope.Before.Length + content.Length + envelope.After.Length;
        BeginFrame(Opcode.Text, length, out int start, envelope.Before, content, envelope.After).Mask(start);
    }

    /// <summary>The first of the unsent bytes are on their way.</summary>
    public void Sent(int bytes)
    {
        _start += bytes;
        if (!IsEmpty)
            return;
        _start = _end = 0;
        if (_bytes.Length > Kept)
            _bytes = [];
    }

    private FrameBuffer BeginFrame(
        Opcode opcode,
        int length,
        out int start,
        ReadOnlySpan<byte> first,
        ReadOnlySpan<byte> second = default,
        ReadOnlySpan<byte> third = default)
    {
        Reserve(MaxHeaderBytes + length);
        var header = _bytes.AsSpan(_end);
        header[0] = (byte)(Final | (byte)opcode);
        int size;
        switch (length)
        {
            case < 126:
                header[1] = (byte)(Masked | length);
                size = 2;
                break;
            case <= ushort.MaxValue:
                header[1] = Masked | 126;
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)length);
                size = 4;
                break;
            default:
                header[1] = Masked | 127;
                BinaryPrimitives.WriteInt64BigEndian(header[2..], length);
                size = 10;
                break;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(header[size..], Key);
        start = _end + size + sizeof(uint);
        _end = start;
        Append(first);
        Append(second);
        Append(third);
        return this;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    private void Mask(int start) => Masking.Apply(_bytes.AsSpan(start, _end - start), Key);

    private void Reserve(int bytes)
    {
        if (_bytes.Length - _end >= bytes)
            return;
        int length = _end - _start;
        byte[] larger = length + bytes > _bytes.Length ? new byte[Math.Max(256, 2 * (length + bytes))] : _bytes;
        Unsent.CopyTo(larger);
        (_bytes, _start, _end) = (larger, 0, length);
    }
}
