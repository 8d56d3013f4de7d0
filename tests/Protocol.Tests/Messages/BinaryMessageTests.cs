using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;
using static Gateway.Protocol.Tests.Messages.AttachmentsTests;

namespace Gateway.Protocol.Tests.Messages;

/// <summary>Binary messages of clients, whose layout is checked before anything in them is believed.</summary>
public sealed class BinaryMessageTests
{
    private const string Message = """{"type":"message","channel":"c","id":7,"attachments":[2,0,1]}""";

    [Fact]
    public void Attachments_are_read_with_the_fields_of_the_message()
    {
        byte[] payload = Bytes(
            """{"attachments":[ 2 ,1 ],"channel":"c","content":{ "a":1},"id":"m","echo":false,"key":"k","type":"message"}""", [1, 2, 3]);

        Assert.True(ClientMessageReader.TryReadBinary(payload, out var message, out _, out string? violation));

        Assert.Null(violation);
        Assert.Equal(ClientMessageType.Message, message.Type);
        Assert.Equal("c", Encoding.UTF8.GetString(message.Channel));
        Assert.Equal("""{ "a":1}""", Encoding.UTF8.GetString(message.Content));
        Assert.Equal("\"m\"", Encoding.UTF8.GetString(message.Id));
        Assert.Equal("k", Encoding.UTF8.GetString(message.Key));
        Assert.False(message.Echo);
        Assert.Equal(2, AttachmentLengths.Count(message.Attachments));
        Assert.Equal([1, 2, 3], message.AttachedBytes.ToArray());
        byte[] block = new byte[Attachments.HeaderSize(2)];
        AttachmentLengths.Read(message.Attachments, block);
        Assert.Equal([2, 0, 0, 0, 2, 0, 0, 0, 1], block);
    }

    [Theory]
    [InlineData("[0]", 0)]
    [InlineData("[2147483647]", -1)]
    [InlineData("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", 16)]
    [InlineData("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0]", -1)]
    [InlineData("[]", -1)]
    [InlineData("[ ]", -1)]
    [InlineData("null", -1)]
    [InlineData("3", -1)]
    [InlineData("\"AQID\"", -1)]
    [InlineData("{}", -1)]
    [InlineData("[-1,4]", -1)]
    [InlineData("[3.0]", -1)]
    [InlineData("[3e0]", -1)]
    [InlineData("[\"3\"]", -1)]
    [InlineData("[\"AQID\"]", -1)]
    [InlineData("[null]", -1)]
    [InlineData("[[3]]", -1)]
    [InlineData("[2]", -1)]
    [InlineData("[4]", -1)]
    [InlineData("[4294967295,4]", -1)]
    [InlineData("[4294967299]", -1)]
    [InlineData("[18446744073709551619]", -1)]
    public void Lengths_are_whole_numbers_and_add_up_to_the_bytes(string lengths, int bytes)
    {
        byte[] payload = Bytes($$"""{"type":"message","channel":"c","attachments":{{lengths}}}""", new byte[bytes < 0 ? 3 : bytes]);

        Assert.Equal(bytes >= 0, ClientMessageReader.TryReadBinary(payload, out var message, out _, out string? violation));

        Assert.Equal(bytes < 0, violation is not null);
        Assert.Equal(bytes < 0, message.Attachments.IsEmpty);
    }

    [Theory]
    [InlineData("", "not one JSON object")]
    [InlineData("[]", "not one JSON object")]
    [InlineData("7", "not one JSON object")]
    [InlineData("null", "not one JSON object")]
    [InlineData("{", "not one JSON object")]
    [InlineData("{}{}", "not one JSON object")]
    [InlineData("""{"type":"message","channel":"c","content":1}""", "array of lengths")]
    [InlineData("""{"type":"ping","attachments":[0]}""", "of all types, only 'message'")]
    [InlineData("""{"type":"subscribe","channel":"c","attachments":[0]}""", "of all types, only 'message'")]
    public void A_header_that_is_none_breaks_the_layout(string header, string problem)
    {
        Assert.False(ClientMessageReader.TryReadBinary(Bytes(header), out _, out _, out string? violation));
        Assert.Contains(problem, violation, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(violation!), 1, 123);
    }

    [Fact]
    public void A_header_must_be_UTF8()
    {
        byte[] payload = Bytes("""{"type":"message","channel":"c","content":"x","attachments":[0]}""");
        payload[payload.AsSpan().IndexOf("\"x\""u8) + 1] = 0xFF;

        Assert.False(ClientMessageReader.TryReadBinary(payload, out _, out _, out string? violation));
        Assert.Contains("not UTF-8", violation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"message","id":"m","attachments":[0]}""", "channel")]
    [InlineData("""{"type":"message","channel":"c","id":"m","key":"","attachments":[0]}""", "key")]
    [InlineData("""{"type":7,"channel":"c","id":"m","attachments":[0]}""", "type")]
    public void A_field_that_is_wrong_is_an_error_with_the_id_and_leaves_the_layout_in_order(string header, string field)
    {
        Assert.False(ClientMessageReader.TryReadBinary(Bytes(header), out var message, out var error, out string? violation));

        Assert.Null(violation);
        Assert.Equal("\"m\"", Encoding.UTF8.GetString(message.Id));
        Assert.Equal(ErrorCode.BadRequest, error.Code);
        Assert.Contains($"'{field}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_of_a_later_version_has_the_same_layout()
    {
        Assert.True(ClientMessageReader.TryReadBinary(
            Bytes("""{"type":"hologram","id":1,"attachments":[1]}""", 9), out var message, out _, out string? violation));
        Assert.Null(violation);
        Assert.Equal(ClientMessageType.Unknown, message.Type);
    }

    [Fact]
    public void Text_may_not_have_attachments_but_an_empty_array_is_none()
    {
        var refused = Reading.Of("""{"type":"message","channel":"c","id":1,"content":1,"attachments":["AQID"]}""");
        Assert.False(refused.Succeeded);
        Assert.Equal("1", refused.Id);
        Assert.Contains("binary message", refused.Error.Message, StringComparison.Ordinal);
        Assert.False(Reading.Of("""{"type":"message","channel":"c","attachments":[3]}""").Succeeded);
        Assert.True(Reading.Of("""{"type":"message","channel":"c","content":1,"attachments":[]}""").Succeeded);
        Assert.False(Reading.Of("""{"type":"message","channel":"c","attachments":[]}""").Succeeded);
        // Of no other type is it a field.
        Assert.True(Reading.Of("""{"type":"ping","attachments":["AQID"]}""").Succeeded);
    }

    [Fact]
    public void Cut_off_or_lengthened_anywhere_it_breaks_the_layout()
    {
        byte[] whole = Bytes(Message, [1, 2, 3]);
        Assert.True(ClientMessageReader.TryReadBinary(whole, out _, out _, out _));
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.False(ClientMessageReader.TryReadBinary(whole.AsSpan(0, length), out _, out _, out string? violation));
            Assert.NotNull(violation);
        }
        Assert.False(ClientMessageReader.TryReadBinary((byte[])[.. whole, 0], out _, out _, out string? longer));
        Assert.NotNull(longer);
    }

    [Fact]
    public void A_header_length_that_lies_breaks_the_layout()
    {
        byte[] whole = Bytes(Message, [1, 2, 3]);
        uint length = (uint)Message.Length;
        foreach (uint lie in (uint[])[0, 1, length - 1, length + 1, (uint)whole.Length, int.MaxValue, uint.MaxValue])
        {
            byte[] lying = [(byte)(lie >> 24), (byte)(lie >> 16), (byte)(lie >> 8), (byte)lie, .. whole[4..]];
            Assert.False(ClientMessageReader.TryReadBinary(lying, out _, out _, out string? violation));
            Assert.NotNull(violation);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Damaged_messages_are_read_as_a_json_document_says_or_refused(int seed)
    {
        var random = new Random(seed);
        byte[] whole = Bytes(
            """{"type":"message","channel":"chat:1","content":{"text":"h\u00e9 😀"},"id":"m1","attachments":[3,0,12,1]}""", new byte[16]);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] payload = [.. whole];
            for (int damages = random.Next(1, 4); damages > 0; damages--)
                payload[random.Next(random.Next(2) == 0 ? payload.Length : 4)] = (byte)random.Next(random.Next(2) == 0 ? 256 : 128);
            if (random.Next(4) == 0)
                payload = payload[..random.Next(payload.Length)];
            if (!ClientMessageReader.TryReadBinary(payload, out var message, out var error, out string? violation))
            {
                Assert.True(violation is null == error.Code is not null, $"payload {i}");
                continue;
            }
            int length = (payload[0] << 24) | (payload[1] << 16) | (payload[2] << 8) | payload[3];
            var header = JsonDocument.Parse(payload.AsMemory(4, length)).RootElement;
            Assert.Equal(
                payload.Length - 4 - length,
                header.GetProperty("attachments").EnumerateArray().Sum(one => one.GetInt64()));
            Assert.Equal(payload.Length - 4 - length, message.AttachedBytes.Length);
        }
    }
}
