using System.Buffers;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

public sealed class AllocationTests
{
    private static readonly JsonEncodedText Chat = JsonText.Encode("chat:1");
    private static readonly Utf8Text User = Utf8Text.Of("user-7");
    private static readonly ProtocolError TooFast = new(ErrorCode.RateLimited, "Slow down.");

    private readonly ArrayBufferWriter<byte> _output = new(1024);

    [Fact]
    public void Reading_an_ordinary_message_allocates_nothing() => Assert.Equal(0, Allocated(() => Read(
        """{"type":"message","channel":"chat:1","content":{"text":"hi \ud83d\ude00","n":[1,2.5]},"id":"m1","echo":false,"key":"k"}"""u8)));

    [Fact]
    public void Reading_an_escaped_channel_does_allocate_so_the_measure_works() =>
        Assert.NotEqual(0, Allocated(() => Read("""{"type":"message","channel":"\u0063","content":1}"""u8)));

    [Fact]
    public void Writing_a_message_allocates_nothing() =>
        Assert.Equal(0, Allocated(
            () => ServerMessageWriter.Message(_output, Chat, Payload.Json("{\"a\":1}"u8), User.Span, 123_456, 1_700_000_000_000)));

    [Fact]
    public void Reading_a_binary_message_allocates_nothing()
    {
        byte[] payload = AttachmentsTests.Bytes(
            """{"type":"message","channel":"chat:1","content":{"n":[1,2.5]},"id":"m1","attachments":[2,1]}""", 1, 2, 3);
        byte[] block = new byte[Attachments.HeaderSize(2)];
        Assert.Equal(0, Allocated(() =>
        {
            if (!ClientMessageReader.TryReadBinary(payload, out var message, out _, out string? violation))
                throw new InvalidOperationException(violation);
            AttachmentLengths.Read(message.Attachments, block);
        }));
    }

    [Fact]
    public void Writing_attachments_allocates_nothing_in_either_form()
    {
        byte[] block = AttachmentsTests.Block([1, 2, 3], []);
        Assert.Equal(0, Allocated(() =>
        {
            var payload = new Payload(PayloadKind.Attachments, block);
            ServerMessageWriter.Message(_output, Chat, payload, User.Span, 123_456, 1_700_000_000_000);
            int size = ServerMessageWriter.BinarySize(Chat, payload, User.Span, 123_456, 1_700_000_000_000);
            ServerMessageWriter.Binary(_output.GetSpan(size)[..size], Chat, payload, User.Span, 123_456, 1_700_000_000_000);
        }));
    }

    [Fact]
    public void Writing_an_ack_allocates_nothing() =>
        Assert.Equal(0, Allocated(() => ServerMessageWriter.Ack(_output, "\"m1\""u8, Chat, "b1946ac9", 123_456)));

    [Fact]
    public void Writing_a_pong_allocates_nothing() =>
        Assert.Equal(0, Allocated(() => ServerMessageWriter.Pong(_output, "5"u8)));

    [Fact]
    public void Writing_an_error_allocates_nothing() =>
        Assert.Equal(0, Allocated(() => ServerMessageWriter.Error(_output, TooFast, "5"u8, "chat:\"1\""u8, 100)));

    private static void Read(ReadOnlySpan<byte> payload)
    {
        if (!ClientMessageReader.TryRead(payload, out _, out ProtocolError error))
            throw new InvalidOperationException(error.Message);
    }

    private long Allocated(Action action)
    {
        Repeat(action);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(action);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private void Repeat(Action action)
    {
        for (int i = 0; i < 1_000; i++)
        {
            _output.ResetWrittenCount();
            action();
        }
    }
}
