namespace Gateway.Server.Options;

/// <summary><c>Gateway:Compression:Level</c>: how much work is put into compressing.</summary>
internal enum CompressionLevel : byte
{
    /// <summary>Fast enough for every message, and most of what there is to gain.</summary>
    Fastest,

    /// <summary>Somewhat smaller, at twice the CPU time for large messages.</summary>
    Optimal,
}
