using System.IO.Compression;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>Messages deflated as RFC 7692 section 7.2.1 says, by .NET's own stream: independently of the code under test.</summary>
public static class Deflated
{
    private static readonly byte[] Tail = [0x00, 0x00, 0xFF, 0xFF];

    /// <summary>A final block with nothing in it.</summary>
    private static readonly byte[] End = [0x03, 0x00];

    public static byte[] Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    /// <param name="message">The message, not empty.</param>
    /// <param name="level">How well.</param>
    public static byte[] Of(byte[] message, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var output = new MemoryStream();
        using var deflating = new DeflateStream(output, level, leaveOpen: true);
        deflating.Write(message);
        deflating.Flush();
        // What the stream writes when it is closed is none of the message.
        byte[] flushed = output.ToArray();
        return flushed.AsSpan().EndsWith(Tail) ? flushed[..^Tail.Length] : throw new InvalidOperationException("It was not flushed.");
    }

    /// <summary>Undoes <see cref="Of(byte[], CompressionLevel)"/>.</summary>
    public static byte[] Inflate(ReadOnlySpan<byte> message)
    {
        using var inflating = new DeflateStream(new MemoryStream([.. message, .. Tail, .. End]), CompressionMode.Decompress);
        using var output = new MemoryStream();
        inflating.CopyTo(output);
        return output.ToArray();
    }
}
