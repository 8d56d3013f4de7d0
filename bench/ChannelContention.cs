using System.Text;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Server.Channels;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Naming;

namespace Gateway.Bench;

/// <summary>What do threads cost each other that look for channels, or come to them and go, at the same time?</summary>
/// <remarks>The time is that of one operation of one thread: where it stays the same with more threads, nobody waits.</remarks>
[MemoryDiagnoser]
public class ChannelContention
{
    private const int Rounds = 100_000;

    /// <summary>Held by others too: coming and going does not make the channel and remove it.</summary>
    private const int Channels = 64;

    private Node? _node;
    private byte[][] _utf8 = [];
    private Channel[] _channels = [];
    private readonly Nobody _subscriber = new();

    [Params(1, 2, 4)]
    public int Threads { get; set; } = 2;

    [GlobalSetup]
    public void Setup()
    {
        _node = new Node();
        _utf8 = [.. Enumerable.Range(0, Channels).Select(i => Encoding.UTF8.GetBytes($"chat:room-{i}"))];
        _channels = [.. _utf8.Select(utf8 => _node.Channels.Acquire(_node.Name(utf8)))];
    }

    [GlobalCleanup]
    public void Cleanup() => _node?.Dispose();

    /// <summary>All look for one channel: its publishers.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Rounds)]
    public void FindTheSame() => OnEachThread(_ => _node!.Channels.Find(_utf8[0]));

    /// <summary>Each looks for another.</summary>
    [Benchmark(OperationsPerInvoke = Rounds)]
    public void FindOthers() => OnEachThread(thread => _node!.Channels.Find(_utf8[thread]));

    /// <summary>All subscribe to one channel, and leave it.</summary>
    [Benchmark(OperationsPerInvoke = Rounds)]
    public void SubscribeToTheSame() => OnEachThread(_ => ComeAndGo(_channels[0]));

    /// <summary>Each subscribes to another.</summary>
    [Benchmark(OperationsPerInvoke = Rounds)]
    public void SubscribeToOthers() => OnEachThread(thread => ComeAndGo(_channels[thread]));

    /// <summary>What a session does with the channel for a subscribe and an unsubscribe.</summary>
    private void ComeAndGo(Channel known)
    {
        var channel = _node!.Channels.Acquire(known.Name);
        var subscription = new Subscription(channel, _subscriber);
        channel.TryActivate(subscription, position: default, generation: 0, reply: null);
        channel.Deactivate(subscription);
        _node.Channels.Release(channel);
    }

    private void OnEachThread(Action<int> operation)
    {
        Task.WaitAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(Repeat, thread, TaskCreationOptions.LongRunning)));

        void Repeat(object? thread)
        {
            for (int round = 0; round < Rounds; round++)
                operation((int)thread!);
        }
    }

    private sealed class Nobody : ISubscriber
    {
        public ConnectionId Id => default;

        public FrameEncoding Encoding => NativeEncoding.Instance;

        public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends) => true;

        public void CatchUp()
        {
        }

        public void OnGap(Subscription subscription)
        {
        }
    }
}
