namespace Gateway.Server.Options;

/// <summary><c>Gateway:Compression</c>: permessage-deflate, for clients that offer it. Immutable.</summary>
internal sealed record CompressionOptions
{
    /// <summary>Whether it is taken up. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Smaller messages go as they are, in bytes. Default 512: below, what is saved is less than one packet's headers.</summary>
    public int Threshold { get; init; } = 512;

    /// <summary>Default <see cref="CompressionLevel.Fastest"/>.</summary>
    public CompressionLevel Level { get; init; } = CompressionLevel.Fastest;
}
