using System.Text;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;

namespace Gateway.Bench;

/// <summary>
/// What does a publish cost from the publisher's frame to the last of its subscribers' frames: everything but the sockets?
/// </summary>
/// <remarks>
/// Frame, message, session, backplane, channel, writers, with the acknowledgement, each as in the gateway; the fan-out and the
/// sends run on the thread pool, and the time is that until the last frame has left.
/// </remarks>
[MemoryDiagnoser]
public class PublishFanOut
{
    public const int Subscribers = 1_000;
    public const int InFlight = 16;

    private const uint Key = 0x3df8_12a7;

    private readonly Arrivals _delivered = new();
    private readonly Arrivals _replied = new();
    private Node? _node;
    private Client? _publisher;
    private Client[] _subscribers = [];
    private byte[] _one = [];
    private byte[] _several = [];

    /// <summary>The content that is published: a JSON string of 128 bytes.</summary>
    public static string Content { get; } = $"\"{new string('a', 126)}\"";

    [Params(false, true)]
    public bool History { get; set; }

    /// <summary>Whether every other subscriber is an event stream, so that the channel has two encodings.</summary>
    [Params(false, true)]
    public bool Streams { get; set; }

    /// <summary>How many of the subscribers have agreed on compression.</summary>
    public int Compressing { get; set; }

    /// <summary>What is published instead of <see cref="Content"/>; null for nothing.</summary>
    public string? OtherContent { get; set; }

    /// <summary>Whether the content is an attachment instead of JSON.</summary>
    [Params(false, true)]
    public bool Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        string channel = History ? "kept:room" : "room";
        _node = new Node("Namespaces:kept:History=100");
        _publisher = new Client(_node, _replied);
        byte[] attachment = Encoding.UTF8.GetBytes(Content);
        _one = Bytes
            ? ClientFrames.Attached(
                $$"""{"type":"message","channel":"{{channel}}","id":"m1","attachments":[{{attachment.Length}}]}""", attachment, Key)
            : ClientFrames.Text(
                $$"""{"type":"message","channel":"{{channel}}","content":{{OtherContent ?? Content}},"id":"m1"}""", Key);
        _several = [.. Enumerable.Repeat(_one, InFlight).SelectMany(frame => frame)];
        int streams = Streams ? Subscribers / 2 : 0;
        _subscribers = [.. Enumerable.Range(0, Subscribers - streams).Select(i => new Client(_node, _delivered, i < Compressing))];
        byte[] subscribe = ClientFrames.Text($$"""{"type":"subscribe","channel":"{{channel}}"}""", Key);
        foreach (var subscriber in _subscribers)
        {
            _delivered.Expect(1);
            subscriber.Send(subscribe);
            _delivered.Wait();
        }
        _subscribers = [.. _subscribers, .. Enumerable.Range(0, streams).Select(_ => Client.ToStream(_node, _delivered, channel))];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _publisher?.Dispose();
        foreach (var subscriber in _subscribers)
            subscriber.Dispose();
        _node?.Dispose();
        _delivered.Dispose();
        _replied.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void One() => Publish(_one, 1);

    [Benchmark(OperationsPerInvoke = InFlight)]
    public void SeveralInFlight() => Publish(_several, InFlight);

    private void Publish(byte[] frames, int count)
    {
        _delivered.Expect(count * Subscribers);
        _replied.Expect(count);
        _publisher!.Send(frames);
        _replied.Wait();
        _delivered.Wait();
    }
}
