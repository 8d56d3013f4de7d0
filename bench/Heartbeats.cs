using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;

namespace Gateway.Bench;

/// <summary>What does the clock cost for each connection, while nothing is due and when pings are?</summary>
[MemoryDiagnoser]
public class Heartbeats
{
    public const int Connections = 1_000;

    private readonly Arrivals _arrivals = new();
    private readonly ManualTime _time = new();
    private readonly byte[] _pong = ClientFrames.Pong();
    private Node? _node;
    private Client[] _clients = [];

    [GlobalSetup]
    public void Setup()
    {
        _node = new Node(_time);
        _clients = [.. Enumerable.Range(0, Connections).Select(_ => new Client(_node, _arrivals))];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var client in _clients)
            client.Dispose();
        _node?.Dispose();
        _arrivals.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Connections)]
    public void QuietTick() => _node!.Clock.Tick();

    /// <summary>A ping to everybody, and everybody's pong.</summary>
    [Benchmark(OperationsPerInvoke = Connections)]
    public void PingAndPong()
    {
        _time.Advance(_node!.Connections.Options.Heartbeat.Ping);
        _arrivals.Expect(Connections);
        _node.Clock.Tick();
        _arrivals.Wait();
        foreach (var client in _clients)
            client.Send(_pong);
    }
}
