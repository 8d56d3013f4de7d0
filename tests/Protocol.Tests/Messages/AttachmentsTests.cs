using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

/// <summary>The block in which attachments travel through the gateway, and its forms in messages.</summary>
public sealed class AttachmentsTests
{
    private static readonly JsonEncodedText Chat = JsonText.Encode("chat:1");

    [Theory]
    [InlineData("[\"\"]", 0)]
    [InlineData("[\"AQID\"]", 3)]
    [InlineData(" [ \"AQ==\" ,\n\"\", \"\\/\\/8=\" ] ", 1, 0, 2)]
    [InlineData("[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"AQ==\"]",
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)]
    public void Text_in_base64_becomes_a_block(string array, params int[] lengths)
    {
        Assert.True(AttachmentTexts.TryDecode(Encoding.UTF8.GetBytes(array.Trim()), out var attachments, out string problem), problem);

        Assert.Equal(lengths, LengthsOf(attachments));
        var texts = JsonDocument.Parse(array).RootElement.EnumerateArray().Select(text => text.GetBytesFromBase64());
        Assert.Equal(texts.SelectMany(bytes => bytes), attachments.Bytes.ToArray());
    }

    [Theory]
    [InlineData("\"AQID\"", "must be an array")]
    [InlineData("{}", "must be an array")]
    [InlineData("null", "must be an array")]
    [InlineData("[3]", "must be an array")]
    [InlineData("[\"AQID\",[\"AQID\"]]", "must be an array")]
    [InlineData("[\"AQID\",\"A\"]", "number 2 is none")]
    [InlineData("[\"AQ\"]", "number 1 is none")]
    [InlineData("[\"_-8=\"]", "number 1 is none")]
    [InlineData("[\"\\ud800\"]", "number 1 is none")]
    [InlineData("[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]", "at most 16")]
    public void Text_that_is_anything_else_is_refused(string array, string problem)
    {
        Assert.False(AttachmentTexts.TryDecode(Encoding.UTF8.GetBytes(array), out _, out string found));
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("[]", false)]
    [InlineData("[ \t\r\n]", false)]
    [InlineData("[\"\"]", true)]
    [InlineData("null", true)]
    [InlineData("0", true)]
    public void An_empty_array_stands_for_none(string value, bool areThere) =>
        Assert.Equal(areThere, AttachmentTexts.AreThere(Encoding.UTF8.GetBytes(value)));

    [Fact]
    public void A_block_is_known_from_its_bytes_alone_and_nothing_shorter_or_with_another_count_is_one()
    {
        byte[] block = Block([1, 2, 3], [], [4]);
        Assert.True(Attachments.TryRead([.. block, 9], out var attachments));
        Assert.Equal(block, attachments.Block.ToArray());

        for (int length = 0; length < block.Length; length++)
            Assert.False(Attachments.TryRead(block.AsSpan(0, length), out _));
        Assert.False(Attachments.TryRead((byte[])[0, .. block[1..]], out _));
        Assert.False(Attachments.TryRead((byte[])[17, .. new byte[17 * 4]], out _));
        Assert.False(Attachments.TryRead((byte[])[1, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0], out _));
        Assert.False(Attachments.TryRead((byte[])[2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 2, 0], out _));
    }

    [Fact]
    public void As_text_a_message_has_base64_and_no_content_if_there_is_none()
    {
        byte[] alone = Block([1, 2, 3], []), both = [.. Block([0xFF]), .. "{ }"u8];
        Assert.Equal(
            """{"type":"message","channel":"chat:1","sender":"ann","seq":7,"time":8,"attachments":["AQID",""]}""",
            Written.By(output => ServerMessageWriter.Message(output, Chat, new(PayloadKind.Attachments, alone), "ann"u8, 7, 8)));
        Assert.Equal(
            """{"type":"message","channel":"chat:1","content":{ },"attachments":["/w=="]}""",
            Written.By(output => ServerMessageWriter.Message(output, Chat, new(PayloadKind.Attachments, both), default, 0, 0)));
    }

    [Fact]
    public void As_a_binary_message_it_has_the_lengths_in_its_header_and_the_bytes_behind_it()
    {
        byte[] alone = Block([1, 2, 3], []), both = [.. Block([0xFF]), .. "{ }"u8];
        Assert.Equal(
            Bytes("""{"type":"message","channel":"chat:1","sender":"a\"","seq":7,"time":8,"attachments":[3,0]}""", [1, 2, 3]),
            Binary(alone, "a\""u8, 7, 8));
        Assert.Equal(
            Bytes("""{"type":"message","channel":"chat:1","content":{ },"attachments":[1]}""", [0xFF]), Binary(both, default, 0, 0));
    }

    [Fact]
    public void History_has_them_as_text()
    {
        PublishedMessage[] messages =
        [
            new(PayloadKind.Json, "1"u8.ToArray(), default, 1, 0),
            new(PayloadKind.Attachments, Block([1, 2]), default, 2, 0),
        ];
        Assert.Equal(
            """{"type":"history","channel":"chat:1","epoch":"e","messages":["""
            + """{"type":"message","channel":"chat:1","content":1,"seq":1},"""
            + """{"type":"message","channel":"chat:1","seq":2,"attachments":["AQI="]}],"more":false}""",
            Written.By(output => ServerMessageWriter.History(output, Chat, default, "e", messages, more: false)));
    }

    [Fact]
    public void The_sizes_are_exact_for_every_number_of_attachments()
    {
        for (int count = 1; count <= Attachments.MaxCount; count++)
        {
            byte[] block = Block([.. Enumerable.Range(0, count).Select(i => new byte[i * i * 7])]);
            var payload = new Payload(PayloadKind.Attachments, block);
            byte[] text = new byte[ServerMessageWriter.MessageSize(Chat, payload, default, 1, 1)];
            ServerMessageWriter.Message(text, Chat, payload, default, 1, 1);
            Assert.Equal(
                Enumerable.Range(0, count).Select(i => i * i * 7),
                JsonDocument.Parse(text).RootElement.GetProperty("attachments").EnumerateArray()
                    .Select(one => one.GetBytesFromBase64().Length));
            Assert.True(ClientMessageReader.TryReadBinary(Binary(block, default, 1, 1), out _, out _, out string? violation), violation);
        }
    }

    internal static byte[] Block(params byte[][] attachments)
    {
        byte[] block = new byte[Attachments.HeaderSize(attachments.Length)];
        Attachments.Begin(block, attachments.Length);
        for (int i = 0; i < attachments.Length; i++)
            Attachments.SetLength(block, i, attachments[i].Length);
        return [.. block, .. attachments.SelectMany(attachment => attachment)];
    }

    internal static byte[] Bytes(string header, params byte[] attached)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        return [(byte)(text.Length >> 24), (byte)(text.Length >> 16), (byte)(text.Length >> 8), (byte)text.Length, .. text, .. attached];
    }

    private static byte[] Binary(byte[] payload, ReadOnlySpan<byte> sender, long seq, long time)
    {
        var message = new Payload(PayloadKind.Attachments, payload);
        byte[] output = new byte[ServerMessageWriter.BinarySize(Chat, message, sender, seq, time)];
        ServerMessageWriter.Binary(output, Chat, message, sender, seq, time);
        return output;
    }

    private static int[] LengthsOf(Attachments attachments)
    {
        int[] lengths = new int[attachments.Count];
        for (int i = 0; i < lengths.Length; i++)
            lengths[i] = attachments.LengthOf(i);
        return lengths;
    }
}
