using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using Gateway.Protocol.Compression;

namespace Gateway.Bench.Deflating;

/// <summary>What does it cost to deflate one message, and how small does it get? docs/performance.md says what was chosen.</summary>
[MemoryDiagnoser]
[DeflatingColumns]
public class MessageDeflating
{
    private IDeflating? _deflating;
    private byte[] _message = [];
    private byte[] _destination = [];

    [Params(128, 1024, 16 * 1024)]
    public int Bytes { get; set; }

    [ParamsAllValues]
    public Candidate Candidate { get; set; } = Candidate.ZLib2;

    [GlobalSetup]
    public void Setup()
    {
        _message = JsonMessage.Of(Bytes);
        _destination = new byte[Deflater.MaxBytes(Bytes)];
        _deflating = Candidate switch
        {
            Candidate.DeflateStreamFastest => StreamDeflating.Raw(CompressionLevel.Fastest),
            Candidate.DeflateStreamOptimal => StreamDeflating.Raw(CompressionLevel.Optimal),
            Candidate.ZLibStreamFastest => StreamDeflating.WithHeader(CompressionLevel.Fastest),
            Candidate.WebSocket => new WebSocketDeflating(),
            Candidate.SharpZipLib1 => new SharpZipLibDeflating(1),
            Candidate.SharpZipLib6 => new SharpZipLibDeflating(6),
            Candidate.ZLib1 => new ZLibDeflating(1),
            Candidate.ZLib2 => new ZLibDeflating(2),
            Candidate.ZLib3 => new ZLibDeflating(3),
            _ => new ZLibDeflating(6),
        };
    }

    [GlobalCleanup]
    public void Cleanup() => _deflating?.Dispose();

    [Benchmark]
    public int Deflate() => _deflating!.Deflate(_message, _destination);
}
