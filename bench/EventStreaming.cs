using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Streams;
using Gateway.Server.Sessions;

namespace Gateway.Bench;

/// <summary>What does an event, which is encoded already, cost on its way through a writer into a stream?</summary>
[MemoryDiagnoser]
public class EventStreaming
{
    private readonly Pipe _response = new(DuplexPipe.Inline);
    private Node? _node;
    private ConnectionWriter? _writer;
    private Subscription? _subscription;
    private FrameBatch? _message;
    private FrameBatch? _kept;

    [GlobalSetup]
    public void Setup()
    {
        _node = new Node();
        var channel = _node.Channels.Acquire(_node.Name("chat:room-17"u8));
        var positions = new ChannelPositions();
        positions.Set(channel.Name.Utf8, new("b1946ac92492", 1_000));
        var output = new EventStreamOutput(
            _response.Writer, positions, onGone: () => throw new InvalidOperationException("The stream has ended."));
        _writer = new ConnectionWriter(
            EventStreamEncoding.Instance, output, new LoneOwner(), _node.Sends.Next(), limit: 1 << 20);
        _subscription = new Subscription(channel, _writer);
        _message = BatchOf(channel, seq: 0);
        _kept = BatchOf(channel, seq: 1234);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _message?.Release();
        _kept?.Release();
        _node?.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void Message() => Send(_message!);

    /// <summary>With history: the event says where the stream has come to.</summary>
    [Benchmark]
    public void MessageWithPosition() => Send(_kept!);

    private static FrameBatch BatchOf(Channel channel, long seq)
    {
        var batch = FrameBatch.Rent(EventStreamEncoding.Instance);
        batch.AppendMessage(channel.Name, new Publication
        {
            Payload = Payload.Json("""{"text":"Hello, is anybody here?"}"""u8),
            Sender = Utf8Text.Of("user-7"),
            Seq = seq,
            Time = 1_700_000_000_000,
        });
        return batch;
    }

    private void Send(FrameBatch batch)
    {
        ScheduledSends? sends = null;
        _writer!.Deliver(batch, _subscription!, ref sends);
        ScheduledSends.Run(ref sends);
        if (!_response.Reader.TryRead(out var written))
            throw new InvalidOperationException("The event was not sent at once.");
        _response.Reader.AdvanceTo(written.Buffer.End);
    }
}
