using System.IO.Compression;

namespace Gateway.Bench.Deflating;

/// <summary>A stream of .NET's for each message: none can be used again.</summary>
internal sealed class StreamDeflating(Func<Stream, Stream> create) : IDeflating
{
    private const int Tail = 4;

    public static StreamDeflating Raw(CompressionLevel level) => new(output => new DeflateStream(output, level, leaveOpen: true));

    /// <summary>With zlib's own header and checksum, which would have to be taken off.</summary>
    public static StreamDeflating WithHeader(CompressionLevel level) => new(output => new ZLibStream(output, level, leaveOpen: true));

    public int Deflate(byte[] message, byte[] destination)
    {
        using var output = new MemoryStream(destination);
        using var deflating = create(output);
        deflating.Write(message);
        deflating.Flush();
        return (int)output.Position - Tail;
    }

    public void Dispose()
    {
    }
}
