using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Dialects.Streams;
using Gateway.Server.Sessions;

namespace Gateway.Bench;

/// <summary>What does a message cost on its way through a writer into an event of a stream?</summary>
[MemoryDiagnoser]
public class EventStreaming
{
    private readonly Pipe _response = new(DuplexPipe.Inline);
    private readonly byte[] _message = [.. Start, .. ""","sender":"user-7","time":1700000000000}"""u8];
    private readonly byte[] _kept = [.. Start, .. ""","sender":"user-7","seq":1234,"time":1700000000000}"""u8];

    private Node? _node;
    private ConnectionWriter? _writer;

    private static ReadOnlySpan<byte> Start =>
        """{"type":"message","channel":"chat:room-17","content":{"text":"Hello, is anybody here?"}"""u8;

    [GlobalSetup]
    public void Setup()
    {
        _node = new Node();
        var positions = new ChannelPositions();
        positions.Set("chat:room-17"u8, new("b1946ac92492", 1_000));
        var output = new SseOutput(_response.Writer, new Client(), positions);
        _writer = new ConnectionWriter(NativeEncoding.Instance, output, new LoneOwner(), _node.Sends.Next(), limit: 1 << 20, _node.Metrics);
    }

    [GlobalCleanup]
    public void Cleanup() => _node?.Dispose();

    [Benchmark(Baseline = true)]
    public void Message() => Send(_message);

    /// <summary>With history: the event says where the stream has come to.</summary>
    [Benchmark]
    public void MessageWithPosition() => Send(_kept);

    private sealed class Client : IStreamClient
    {
        public void Answer()
        {
        }

        public void Complete()
        {
        }
    }

    private void Send(byte[] message)
    {
        _writer!.Send(message);
        var flushed = _writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully || !_response.Reader.TryRead(out var written))
            throw new InvalidOperationException("The event was not sent at once.");
        _response.Reader.AdvanceTo(written.Buffer.End);
    }
}
