using System.Buffers;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.Deflating;
using Gateway.Bench.InMemory;
using Gateway.Protocol.Compression;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench;

/// <summary>What does it cost to take one compressed text message out of the input, up to the text?</summary>
[MemoryDiagnoser]
public class MessageInflating
{
    private byte[] _frame = [];
    private byte[] _input = [];
    private FrameReader _reader;

    [Params(128, 1024, 16 * 1024)]
    public int Bytes { get; set; } = 1024;

    [GlobalSetup]
    public void Setup()
    {
        using var deflater = new Deflater(level: 6, ZLib.MaxWindowBits);
        byte[] deflated = new byte[Deflater.MaxBytes(Bytes)];
        int length = deflater.Deflate(JsonMessage.Of(Bytes), deflated);
        _frame = ClientFrames.Compressed(deflated.AsSpan(0, length));
        _input = new byte[_frame.Length];
        _reader = new FrameReader(Bytes, allowsCompression: true);
    }

    [Benchmark]
    public int Inflate()
    {
        // Unmasked where it lies, so it has to be written anew.
        _frame.CopyTo(_input, 0);
        var input = new ReadOnlySequence<byte>(_input);
        var frame = _reader.Read(ref input);
        return frame.Kind == FrameKind.Text ? frame.Payload.Length : throw new InvalidOperationException(frame.Status.Reason);
    }
}
