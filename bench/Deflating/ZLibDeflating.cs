using Gateway.Protocol.Compression;

namespace Gateway.Bench.Deflating;

/// <summary>The runtime's zlib-ng by its functions, as the gateway uses it.</summary>
internal sealed class ZLibDeflating(int level) : IDeflating
{
    private readonly Deflater _deflater = new(level, ZLib.MaxWindowBits);

    public int Deflate(byte[] message, byte[] destination) => _deflater.Deflate(message, destination);

    public void Dispose() => _deflater.Dispose();
}
