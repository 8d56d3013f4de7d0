using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;

namespace Gateway.Bench;

/// <summary>What does an echo cost from frame to frame, in this process and without sockets, beside one by .NET's own WebSocket?</summary>
/// <remarks>
/// Both get the same masked frames through the same kind of pipe and send to an end that counts them; both run in the thread
/// that wrote the frame. The gateway also counts, meters rates and could close a slow client meanwhile.
/// </remarks>
[MemoryDiagnoser]
public class EchoRoundTrip
{
    private readonly Arrivals _arrivals = new();
    private Node? _node;
    private Client? _gateway;
    private NetWebSocketEcho? _net;
    private byte[] _frame = [];

    [Params(128, 16 * 1024)]
    public int Bytes { get; set; } = 128;

    [GlobalSetup]
    public void Setup()
    {
        _frame = ClientFrames.Text(new string('a', Bytes), key: 0x3df8_12a7);
        _node = new Node();
        _gateway = Client.ToEcho(_node, _arrivals);
        _net = new NetWebSocketEcho(_arrivals);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _gateway?.Dispose();
        _net?.Dispose();
        _node?.Dispose();
        _arrivals.Dispose();
    }

    [Benchmark]
    public void Gateway()
    {
        _arrivals.Expect(1);
        _gateway!.Send(_frame);
        _arrivals.Wait();
    }

    [Benchmark(Baseline = true)]
    public void NetWebSocket()
    {
        _arrivals.Expect(1);
        _net!.Send(_frame);
        _arrivals.Wait();
    }
}
