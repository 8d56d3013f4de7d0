using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace Gateway.Protocol.Compression;

/// <summary>
/// Deflates one message after the other, none of which refers to another (RFC 7692 section 7.2.1). Holds some 210 KB outside of the heap,
/// so a few serve all connections. Not safe for several threads.
/// </summary>
internal sealed unsafe class Deflater : CriticalFinalizerObject, IDisposable
{
    /// <summary>What a flush ends with and the receiver puts there again: an empty block's lengths.</summary>
    private const int TailBytes = 4;

    private ZLib.Stream* _stream = (ZLib.Stream*)NativeMemory.AllocZeroed((nuint)sizeof(ZLib.Stream));

    /// <param name="level">zlib's, 1 to 9.</param>
    /// <param name="windowBits">9 to 15.</param>
    public Deflater(int level, int windowBits)
    {
        if (ZLib.StartDeflating(_stream, level, windowBits) != ZLib.Ok)
            throw new InvalidOperationException($"zlib does not start with level {level} and {windowBits} bits.");
    }

    ~Deflater() => Free();

    /// <summary>More than any message of so many bytes may become: 9 bits for each byte, and the ends of blocks.</summary>
    public static int MaxBytes(int messageBytes) =>
        (int)Math.Min(Array.MaxLength, 64L + messageBytes + (messageBytes >> 3) + (messageBytes >> 6));

    /// <summary>Deflates a message.</summary>
    /// <param name="message">The message, not empty.</param>
    /// <param name="destination">At least <see cref="MaxBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="InvalidDataException">zlib failed; this object can be used no more.</exception>
    public int Deflate(ReadOnlySpan<byte> message, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_stream is null, this);
        fixed (byte* input = message, output = destination)
        {
            _stream->NextIn = input;
            _stream->AvailableIn = (uint)message.Length;
            _stream->NextOut = output;
            _stream->AvailableOut = (uint)destination.Length;
            // A full flush ends the message at a whole byte, and forgets it: nothing later refers to it. It costs as much as a reset, which
            // the runtime does not give.
            int result = ZLib.Deflate(_stream, ZLib.FullFlush);
            int length = destination.Length - (int)_stream->AvailableOut;
            if (result != ZLib.Ok || _stream->AvailableIn != 0 || _stream->AvailableOut == 0 || length <= TailBytes)
                throw new InvalidDataException($"zlib failed to deflate: {result}.");
            return length - TailBytes;
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_stream is null)
            return;
        _ = ZLib.EndDeflating(_stream);
        NativeMemory.Free(_stream);
        _stream = null;
    }
}
