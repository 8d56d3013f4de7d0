namespace Gateway.Bench.Deflating;

/// <summary>What could deflate the gateway's messages; a number is zlib's level.</summary>
public enum Candidate
{
    DeflateStreamFastest,
    DeflateStreamOptimal,
    ZLibStreamFastest,
    WebSocket,
    SharpZipLib1,
    SharpZipLib6,
    ZLib1,
    ZLib2,
    ZLib3,
    ZLib6,
}
