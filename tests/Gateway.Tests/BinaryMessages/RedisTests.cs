using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Redis;
using Gateway.Tests.Redis;
using Gateway.TestSupport;

namespace Gateway.Tests.BinaryMessages;

/// <summary>Attachments from node to node, and the records that hold them.</summary>
public sealed class RedisTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("h:room")]
    public async Task Messages_of_one_node_reach_the_other_whatever_they_carry(string channel)
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        await using var stream = await SseClient.ConnectAsync(nodes.B.PublicPort, "channel=" + channel);
        await using var publisher = await JsonClient.ConnectAsync(nodes.A);
        await subscriber.SubscribeAsync(channel);
        await stream.ReceiveAsync("subscribed");
        byte[] picture = new byte[60_000];
        Random.Shared.NextBytes(picture);

        for (int i = 0; i < 50; i++)
        {
            await publisher.SendBytesAsync(AttachedMessage.Of(channel, $",\"content\":{i}", picture, [(byte)i], []));
            await publisher.PublishAsync(channel, $"{i}");
            await publisher.SendBytesAsync(AttachedMessage.Of(channel, "", [(byte)i]));
        }

        for (int i = 0; i < 50; i++)
        {
            var both = await subscriber.ReceiveAttachedAsync();
            Assert.Equal(i, both.Header.Number("content"));
            Assert.Equal([picture, [(byte)i], []], both.Attachments);
            Assert.Equal(i, (await subscriber.ReceiveAsync("message")).Number("content"));
            Assert.Equal([[(byte)i]], (await subscriber.ReceiveAttachedAsync()).Attachments);
            Assert.Equal([picture, [(byte)i], []], AttachedMessage.ReadTexts((await stream.ReceiveAsync("message")).Json));
            await stream.ReceiveAsync("message");
            await stream.ReceiveAsync("message");
        }
    }

    [Fact]
    public async Task What_was_missed_is_recovered_on_the_other_node_and_read_from_its_history()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var publisher = await JsonClient.ConnectAsync(nodes.A);
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        var ack = await publisher.PublishManyAsync("h:room", 1);
        byte[] message = AttachedMessage.Of("h:room", ""","key":"k","id":2""", [1, 2], []);
        await publisher.SendBytesAsync(message);
        await publisher.SendBytesAsync(message);
        Assert.Equal(2, (await publisher.ReceiveAsync("ack")).Number("seq"));
        Assert.Equal(2, (await publisher.ReceiveAsync("ack")).Number("seq"));

        Assert.True((await subscriber.RecoverAsync("h:room", ack.Text("epoch"), 1)).GetProperty("recovered").GetBoolean());
        var missed = await subscriber.ReceiveAttachedAsync();
        Assert.Equal(2, missed.Header.Number("seq"));
        Assert.Equal([[1, 2], []], missed.Attachments);

        var page = await subscriber.AskAsync("""{"type":"history","channel":"h:room"}""", "history");
        Assert.Equal(
            ["", "AQI= "], page.GetProperty("messages").EnumerateArray().Select(one => string.Join(' ', one.Texts("attachments"))));
    }

    [Fact]
    public void A_record_of_JSON_is_to_the_byte_what_nodes_of_the_version_before_write_and_read()
    {
        // Put together by hand as the layout says: checksum, form, time, lengths, sender, connection, content.
        const string Before = "d448683e100000018bcfe56800000310616e6e6a45784c684c4b42516962524e7658317b2261223a317d";
        Assert.Equal(Before, Convert.ToHexStringLower(Records.Body("{\"a\":1}", "ann", "jExLhLKBQibRNvX1", time: 1_700_000_000_000)));
    }

    [Fact]
    public void A_record_with_attachments_is_read_as_it_was_written()
    {
        byte[] block = Attachments.Of(new byte[3]).Block.ToArray();
        foreach (string content in (string[])["", "{}"])
        {
            byte[] record = Body([.. block, .. Encoding.UTF8.GetBytes(content)]);

            Assert.True(MessageBody.IsWhole(record));
            var payload = MessageBody.Read(record).Payload;
            Assert.Equal(PayloadKind.Attachments, payload.Kind);
            Assert.Equal(content, Encoding.UTF8.GetString(payload.Content));
            Assert.Equal(block, payload.Attachments.Block.ToArray());
        }
    }

    [Fact]
    public void A_record_whose_checksum_is_right_and_whose_attachments_lie_is_broken()
    {
        byte[] block = Attachments.Of(new byte[3]).Block.ToArray();
        Assert.False(MessageBody.IsWhole(Body(block[..^1])));
        Assert.False(MessageBody.IsWhole(Body([17, .. block[1..]])));
        Assert.False(MessageBody.IsWhole(Body([0, .. block[1..]])));
        Assert.False(MessageBody.IsWhole(Body([1, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2])));
        for (byte kind = 2; kind < 16; kind++)
            Assert.False(MessageBody.IsWhole(Body(block, (PayloadKind)kind)));
    }

    private static byte[] Body(byte[] payload, PayloadKind kind = PayloadKind.Attachments)
    {
        var request = new PublishRequest { Payload = new Payload(kind, payload), Sender = Utf8Text.Of("ann") };
        byte[] body = new byte[MessageBody.SizeOf(request)];
        MessageBody.Write(body, request, time: 1);
        return body;
    }
}
