using System.Text;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Bench;

/// <summary>What does it cost to get from a name's bytes to its channel, and to come and go as a subscriber does?</summary>
[MemoryDiagnoser]
public class ChannelLookup
{
    private const int Channels = 10_000;

    private readonly byte[][] _utf8 = [.. Enumerable.Range(0, Channels).Select(i => Encoding.UTF8.GetBytes($"chat:room-{i}"))];
    private Node? _node;
    private ChannelTable? _table;
    private ChannelName[] _names = [];
    private ChannelName? _unused;
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _node = new Node();
        _table = _node.Channels;
        _names = [.. _utf8.Select(utf8 => _node.Name(utf8))];
        _unused = _node.Name("chat:unused"u8);
        foreach (var name in _names)
            _table.Acquire(name);
    }

    [GlobalCleanup]
    public void Cleanup() => _node?.Dispose();

    /// <summary>Another channel each time, as many publishers would.</summary>
    [Benchmark(Baseline = true)]
    public object? Find() => _table!.Find(_utf8[Next()]);

    [Benchmark]
    public void HoldAndRelease() => _table!.Release(_table.Acquire(_names[Next()]));

    /// <summary>The first subscriber makes the channel, and the last takes it along.</summary>
    [Benchmark]
    public void HoldAndReleaseUnused() => _table!.Release(_table.Acquire(_unused!));

    private int Next() => _next = (_next + 1) % Channels;
}
