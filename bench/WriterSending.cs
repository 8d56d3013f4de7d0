using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Native;

namespace Gateway.Bench;

/// <summary>What does one frame cost on its way through one connection's writer?</summary>
[MemoryDiagnoser]
public class WriterSending
{
    private readonly Arrivals _arrivals = new();
    private readonly byte[] _reply = """{"type":"pong","id":1}"""u8.ToArray();
    private Node? _node;
    private ConnectionWriter? _writer;
    private Subscription? _subscription;
    private FrameBatch? _batch;

    [GlobalSetup]
    public void Setup()
    {
        _node = new Node();
        var channel = _node.Channels.Acquire(_node.Name("room"u8));
        _writer = new ConnectionWriter(
            NativeEncoding.Instance, new CountingOutput(_arrivals), new LoneOwner(), _node.Sends.Next(), limit: 1 << 20);
        _subscription = new Subscription(channel, _writer);
        var publication = new Publication { Payload = Payload.Json("\"hello\""u8), Time = 1_700_000_000_000 };
        _batch = FrameBatch.Rent(NativeEncoding.Instance);
        _batch.AppendMessage(channel.Name, publication);
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
        ScheduledSends? sends = null;
        _writer!.Deliver(_batch!, _subscription!, ref sends);
        ScheduledSends.Run(ref sends);
        _arrivals.Wait();
    }

    /// <summary>What the read loop does for one message that is answered.</summary>
    [Benchmark(Baseline = true)]
    public void Reply()
    {
        _arrivals.Expect(1);
        _writer!.Send(_reply);
        var flushed = _writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
            throw new InvalidOperationException("The reply was not sent at once.");
        _arrivals.Wait();
    }
}
