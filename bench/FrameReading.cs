using System.Buffers;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench;

/// <summary>What does it cost to take one text message out of the input?</summary>
[MemoryDiagnoser]
public class FrameReading
{
    private const int SmallBytes = 128;
    private const int LargeBytes = 64 * 1024;

    private readonly byte[] _small = ClientFrames.Text(new string('a', SmallBytes));
    private readonly byte[] _large = ClientFrames.Text(new string('a', LargeBytes));
    private readonly ReadOnlySequence<byte> _split;
    private FrameReader _reader = new(LargeBytes);

    public FrameReading() => _split = Segment.Split(_small, at: 64);

    [Benchmark(Baseline = true)]
    public int Small() => Read(new ReadOnlySequence<byte>(_small));

    [Benchmark]
    public int Large() => Read(new ReadOnlySequence<byte>(_large));

    [Benchmark]
    public int SmallInTwoSegments() => Read(_split);

    private int Read(ReadOnlySequence<byte> input)
    {
        var frame = _reader.Read(ref input);
        return frame.Kind == FrameKind.Text ? frame.Payload.Length : throw new InvalidOperationException(frame.Status.Reason);
    }
}
