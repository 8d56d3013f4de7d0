using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Http.Sse;
using Gateway.Protocol.WebSockets;
using Gateway.Sessions;
using Microsoft.AspNetCore.Http;

namespace Gateway.Bench;

/// <summary>What does it cost to turn a channel's frame into an event of a stream?</summary>
[MemoryDiagnoser]
public class EventStreaming
{
    private readonly Pipe _response = new(DuplexPipe.Inline);
    private readonly byte[] _message = ServerFrame("""{"type":"message","channel":"chat:room-17","content":{"text":"Hello, is anybody here?"},"sender":"user-7","time":1700000000000}""");
    private readonly byte[] _kept = ServerFrame("""{"type":"message","channel":"chat:room-17","content":{"text":"Hello, is anybody here?"},"sender":"user-7","seq":1234,"time":1700000000000}""");
    private readonly SseOutput _output;

    public EventStreaming()
    {
        var positions = new ChannelPositions();
        positions.Set("chat:room-17"u8, new("b1946ac92492", 1_000));
        _output = new SseOutput(_response.Writer, new SseConnection(new DefaultHttpContext()), positions);
    }

    [Benchmark(Baseline = true)]
    public void Message() => Send(_message);

    /// <summary>With history: the event says where the stream has come to.</summary>
    [Benchmark]
    public void MessageWithPosition() => Send(_kept);

    private void Send(byte[] frame)
    {
        var sent = _output.SendAsync(frame);
        if (!sent.IsCompletedSuccessfully || !sent.Result || !_response.Reader.TryRead(out var written))
            throw new InvalidOperationException("The event was not sent at once.");
        _response.Reader.AdvanceTo(written.Buffer.End);
    }

    private static byte[] ServerFrame(string json)
    {
        var frame = new System.Buffers.ArrayBufferWriter<byte>();
        FrameWriter.Write(frame, Opcode.Text, System.Text.Encoding.UTF8.GetBytes(json));
        return frame.WrittenSpan.ToArray();
    }
}
