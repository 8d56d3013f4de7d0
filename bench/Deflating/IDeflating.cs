namespace Gateway.Bench.Deflating;

/// <summary>A way to deflate messages one by one, without context from one to the next.</summary>
internal interface IDeflating : IDisposable
{
    /// <returns>Bytes of the deflated message, without the four that RFC 7692 section 7.2.1 takes off.</returns>
    int Deflate(byte[] message, byte[] destination);
}
