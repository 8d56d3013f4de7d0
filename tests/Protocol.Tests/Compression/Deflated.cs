using System.IO.Compression;
using System.Text;

namespace Gateway.Protocol.Tests.Compression;

/// <summary>Messages deflated as RFC 7692 section 7.2.1 says, by .NET's own stream: independently of the code under test.</summary>
internal static class Deflated
{
    public static byte[] Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    public static byte[] Of(byte[] message, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var output = new MemoryStream();
        using (var deflating = new DeflateStream(output, level, leaveOpen: true))
        {
            deflating.Write(message);
            deflating.Flush();
            // What the stream writes when it is closed is none of the message.
            byte[] flushed = output.ToArray();
            Assert.Equal([0x00, 0x00, 0xFF, 0xFF], flushed[^4..]);
            return flushed[..^4];
        }
    }

    /// <summary>Undoes <see cref="Of(byte[], CompressionLevel)"/>: the tail is put back and a last empty block ends the stream.</summary>
    public static byte[] Inflate(ReadOnlySpan<byte> message)
    {
        byte[] whole = [.. message, 0x00, 0x00, 0xFF, 0xFF, 0x03, 0x00];
        using var inflating = new DeflateStream(new MemoryStream(whole), CompressionMode.Decompress);
        using var output = new MemoryStream();
        inflating.CopyTo(output);
        return output.ToArray();
    }
}
