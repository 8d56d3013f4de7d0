using System.Buffers.Binary;

namespace Gateway.Load.Dialects;

/// <summary>
/// The beginning of each content: <c>@</c> and 32 hexadecimal digits, which no server changes, whatever it wraps around them. Immutable.
/// </summary>
/// <param name="Source">Whose message it is.</param>
/// <param name="Number">Which of its messages: 0, 1, 2 …</param>
/// <param name="At">When it was to be sent, in ticks of the <see cref="System.Diagnostics.Stopwatch"/>.</param>
internal readonly record struct Marker(uint Source, uint Number, long At)
{
    public const byte Sign = (byte)'@';
    public const int Length = 1 + (2 * Bytes);
    private const int Bytes = 16;

    public void Write(Span<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Source);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], Number);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], At);
        content[0] = Sign;
        Convert.TryToHexString(bytes, content[1..], out _);
    }

    public static bool TryRead(ReadOnlySpan<byte> content, out Marker marker)
    {
        marker = default;
        Span<byte> bytes = stackalloc byte[Bytes];
        if (content.Length < Length || content[0] != Sign ||
            Convert.FromHexString(content[1..Length], bytes, out _, out _) != System.Buffers.OperationStatus.Done)
            return false;
        marker = new Marker(
            BinaryPrimitives.ReadUInt32BigEndian(bytes),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[8..]));
        return true;
    }
}
