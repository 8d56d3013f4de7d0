using BenchmarkDotNet.Attributes;
using Gateway.Bench.InMemory;
using Gateway.Protocol.Messages;

namespace Gateway.Bench;

/// <summary>What does it cost to understand what a client said?</summary>
[MemoryDiagnoser]
public class MessageReading
{
    private readonly byte[] _message =
    [
        .. """{"type":"message","channel":"chat:room-17","content":"""u8,
        .. """{"text":"Hello, is anybody here? \ud83d\ude00","n":[1,2.5]},"id":"m1"}"""u8,
    ];

    private readonly byte[] _subscribe =
        """{"type":"subscribe","channel":"chat:room-17","id":1,"recover":{"epoch":"b1946ac92492","seq":123456}}"""u8.ToArray();

    private readonly byte[] _attached = ClientFrames.BinaryPayload(
        """{"type":"message","channel":"chat:room-17","id":"m1","attachments":[128]}""", new byte[128]);

    [Benchmark(Baseline = true)]
    public int Message() => Read(_message);

    [Benchmark]
    public int Subscribe() => Read(_subscribe);

    [Benchmark]
    public int Attached() => ClientMessageReader.TryReadBinary(_attached, out var message, out _, out string? violation)
        ? message.AttachedBytes.Length
        : throw new InvalidOperationException(violation);

    private static int Read(byte[] payload) => ClientMessageReader.TryRead(payload, out var message, out var error)
        ? message.Channel.Length
        : throw new InvalidOperationException(error.Message);
}
