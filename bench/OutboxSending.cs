using BenchmarkDotNet.Attributes;
using Gateway.Backplane;
using Gateway.Bench.InMemory;
using Gateway.Channels;
using Gateway.Connections;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench;

/// <summary>What does one frame cost on its way through one connection's outbox?</summary>
[MemoryDiagnoser]
public class OutboxSending
{
    private readonly Arrivals _arrivals = new();
    private readonly byte[] _reply = """{"type":"pong","id":1}"""u8.ToArray();
    private Node? _node;
    private Outbox? _outbox;
    private Subscription? _subscription;
    private FrameBatch? _batch;

    [GlobalSetup]
    public void Setup()
    {
        _node = new Node();
        var channel = _node.Channels.Hold(_node.Name("room"u8));
        _outbox = new Outbox(new CountingOutput(_arrivals), new LoneOwner(), _node.Sends.Next(), limit: 1 << 20, _node.Metrics);
        _subscription = new Subscription(channel, _outbox);
        var publication = new Publication { Content = "\"hello\""u8, Time = 1_700_000_000_000 };
        int size = ServerMessageWriter.MessageSize(
            channel.Name.Json, publication.Content, publication.Sender, publication.Seq, publication.Time);
        _batch = FrameBatch.Rent(1);
        _batch.AppendMessage(channel.Name, publication, size);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _batch?.Release();
        _node?.Dispose();
        _arrivals.Dispose();
    }

    /// <summary>What a fan-out does for one subscriber. Sent by the same thread.</summary>
    [Benchmark]
    public void Delivery()
    {
        _arrivals.Expect(1);
        SendWork? sends = null;
        _outbox!.Deliver(_batch!, _subscription!, ref sends);
        SendWork.Run(ref sends);
        _arrivals.Wait();
    }

    /// <summary>What the read loop does for one message that is answered.</summary>
    [Benchmark(Baseline = true)]
    public void Reply()
    {
        _arrivals.Expect(1);
        _outbox!.Write(Opcode.Text, _reply);
        var flushed = _outbox.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
            throw new InvalidOperationException("The reply was not sent at once.");
        _arrivals.Wait();
    }
}
