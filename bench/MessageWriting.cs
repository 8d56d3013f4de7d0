using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Gateway.Protocol.Messages;

namespace Gateway.Bench;

/// <summary>What does it cost to put a message for subscribers, or a publisher's acknowledgement, into bytes?</summary>
[MemoryDiagnoser]
public class MessageWriting
{
    private static readonly JsonEncodedText Channel = JsonText.Encode("chat:room-17");
    private static readonly Utf8Text User = Utf8Text.Of("user-7");

    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly byte[] _attached = Attachments.Of(new byte[48]).With([]);
    private readonly byte[] _content = """{"text":"Hello, is anybody here?","n":[1,2.5]}"""u8.ToArray();

    [Benchmark(Baseline = true)]
    public int Message()
    {
        _output.ResetWrittenCount();
        ServerMessageWriter.Message(_output, Channel, Payload.Json(_content), User.Span, seq: 123_456, time: 1_700_000_000_000);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Attached()
    {
        _output.ResetWrittenCount();
        var payload = new Payload(PayloadKind.Attachments, _attached);
        int size = ServerMessageWriter.BinarySize(Channel, payload, User.Span, seq: 123_456, time: 1_700_000_000_000);
        var message = _output.GetSpan(size)[..size];
        ServerMessageWriter.Binary(message, Channel, payload, User.Span, seq: 123_456, time: 1_700_000_000_000);
        return size;
    }

    [Benchmark]
    public int Ack()
    {
        _output.ResetWrittenCount();
        ServerMessageWriter.Ack(_output, "\"m1\""u8, Channel, "b1946ac92492", 123_456);
        return _output.WrittenCount;
    }
}
