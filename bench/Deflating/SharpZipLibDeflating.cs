namespace Gateway.Bench.Deflating;

/// <summary>SharpZipLib's deflater, in C#, reset for each message.</summary>
internal sealed class SharpZipLibDeflating(int level) : IDeflating
{
    private const int Tail = 4;

    private readonly ICSharpCode.SharpZipLib.Zip.Compression.Deflater _deflater = new(level, noZlibHeaderOrFooter: true);

    public int Deflate(byte[] message, byte[] destination)
    {
        _deflater.Reset();
        _deflater.SetInput(message);
        _deflater.Flush();
        return _deflater.Deflate(destination) - Tail;
    }

    public void Dispose()
    {
    }
}
