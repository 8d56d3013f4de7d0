using System.Buffers.Binary;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane.Redis;

namespace Gateway.Tests.Redis;

public sealed class EnvelopeTests
{
    private const string Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private static readonly byte[][] Samples =
    [
        Records.Message(Records.Body(sender: "a \"quoted\" one", except: "c-1", trace: Trace)),
        Records.Message(Records.Body("1", sender: "")),
        Records.Positioned(7, Records.Epoch, Records.Body(), Records.Body("[1,2]", sender: "")),
        Records.Presence("ann", "{\"name\":\"Ann\"}"),
        Records.Presence("größe", ""),
    ];

    [Theory]
    [InlineData("ann", "c-1", "{}", null)]
    [InlineData("a \"quoted\" one", null, "\"\"", null)]
    [InlineData("", "x", "1", null)]
    [InlineData("ann", "c-1", "{}", Trace)]
    [InlineData("", null, "1", Trace)]
    public void A_body_is_read_as_it_was_written(string sender, string? except, string content, string? trace)
    {
        byte[] bytes = Records.Body(content, sender, except, trace);

        Assert.True(MessageBody.IsWhole(bytes));
        var body = MessageBody.Read(bytes);
        Assert.Equal(123, body.Time);
        Assert.Equal(except, body.Except);
        Assert.Equal(trace, body.Trace);
        Assert.Equal(content, Encoding.UTF8.GetString(body.Payload.Bytes));
        Assert.Equal(PayloadKind.Json, body.Payload.Kind);
        Assert.Equal(sender, body.SenderText(default).ToString());
    }

    [Fact]
    public void Every_sample_is_read()
    {
        Assert.All(Samples, sample => Assert.True(Envelope.TryRead(sample, out _)));
    }

    [Fact]
    public void What_is_cut_off_anywhere_but_between_two_records_is_refused_as_a_whole()
    {
        foreach (byte[] sample in Samples)
        {
            for (int length = 0; length < sample.Length; length++)
            {
                bool isBetween = sample[0] == (byte)EnvelopeKind.PositionedMessage && length == sample.Length - Records.Record(Records.Body("[1,2]", sender: "")).Length;
                Assert.Equal(isBetween, Envelope.TryRead(sample.AsSpan(0, length), out _));
            }
            Assert.False(Envelope.TryRead([.. sample, 0], out _));
        }
    }

    [Fact]
    public void A_message_in_which_a_single_bit_is_another_is_refused()
    {
        foreach (byte[] body in new[] { Records.Body(sender: "a \"quoted\" one", except: "c-1", trace: Trace), Records.Body("1", sender: "") })
        {
            for (int bit = 0; bit < body.Length * 8; bit++)
            {
                byte[] other = [.. body];
                other[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(MessageBody.IsWhole(other));
            }
        }
    }

    /// <summary>The payload of a gateway that knows more kinds, or another order of fields, is not handed to clients as JSON.</summary>
    [Theory]
    [InlineData(0x11)]
    [InlineData(0x1F)]
    [InlineData(0x00)]
    [InlineData(0x20)]
    public void A_body_of_a_form_that_this_version_does_not_write_is_refused_although_it_is_whole(byte form)
    {
        byte[] body = Records.Body();
        Assert.Equal(0x10, body[4]);
        body[4] = form;
        BinaryPrimitives.WriteUInt32BigEndian(body, RecordChecksum.Of(body.AsSpan(4)));

        Assert.False(MessageBody.IsWhole(body));
        Assert.False(Envelope.TryRead(Records.Message(body), out _));
    }

    /// <summary>Version 2 had neither the byte nor this version's beginning of the checksum.</summary>
    [Fact]
    public void A_body_of_version_2_is_refused()
    {
        byte[] body = Convert.FromHexString("A1B04A04000000000000007B000300616E6E7B2261223A317D");

        Assert.False(MessageBody.IsWhole(body));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, true)]
    [InlineData(long.MinValue, true)]
    [InlineData(long.MaxValue, true)]
    [InlineData(1L << 53, true)]
    [InlineData(1, false)]
    public void A_position_that_no_channel_can_have_is_refused(long seq, bool refused) =>
        Assert.Equal(refused, !Envelope.TryRead(Records.Positioned(seq, Records.Epoch, Records.Body()), out _));

    [Fact]
    public void A_presence_change_that_may_not_stand_in_a_message_is_refused()
    {
        foreach (string info in new[] { "{", "{}x", "[]", "\"a\"", "1", "{\"a\":}", "{\"a\":1,}", "null", " " })
            Assert.False(Envelope.TryRead(Records.Presence("ann", info), out _), info);
        Assert.False(Envelope.TryRead(Records.Presence("", "{}"), out _));
        Assert.False(Envelope.TryRead(Records.Presence("ann", "{}", before: 2, version: 2), out _));
        Assert.False(Envelope.TryRead(Records.Presence("ann", "{}", before: -1), out _));
        Assert.False(Envelope.TryRead(Records.Presence("ann", "{}", version: 1L << 53), out _));
        Assert.False(Envelope.TryRead(Records.Presence("ann", "{}", joined: 2), out _));
        Assert.False(Envelope.TryRead(Records.Presence("ann", "{}", count: -1), out _));
        // A byte that no UTF-8 has, in a name and in a string that the user shows.
        foreach (string text in new[] { "ann", "{\"a\":\"ann\"}" })
        {
            byte[] change = Records.Presence(text[0] == '{' ? "bob" : text, text[0] == '{' ? text : "{}");
            change[change.AsSpan().IndexOf("ann"u8)] = 0xff;
            Assert.False(Envelope.TryRead(change, out _));
        }
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        var random = new Random(1);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = new byte[random.Next(60)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && i % 2 == 0)
                bytes[0] = (byte)random.Next(0x21, 0x24);
            // Those that look right by chance are one in four billions.
            Assert.False(Envelope.TryRead(bytes, out var envelope) && envelope.Kind != EnvelopeKind.Presence);
            Assert.False(MessageBody.IsWhole(bytes));
        }
    }

    [Fact]
    public void A_node_message_that_is_cut_off_or_lacks_something_is_refused()
    {
        var message = new Server.Cluster.NodeMessage("a") { Heartbeat = new("a", "edge-1", "http://x", "1.0.0", 1, 0, 0, 0), Id = "1", Request = new("count") { Channel = "x" } };
        byte[] whole = message.Write();
        Assert.Equal(message, Server.Cluster.NodeMessage.Read(whole));
        for (int length = 0; length < whole.Length; length++)
            Assert.Null(Server.Cluster.NodeMessage.Read(whole.AsSpan(0, length)));
        foreach (string json in new[] { "{}", "null", "[]", "1", "{\"from\":null}", "{\"from\":\"a\",\"here\":{}}", "{\"from\":\"a\",\"request\":{}}", "{\"from\":\"a\",\"request\":{\"action\":null}}" })
            Assert.Null(Server.Cluster.NodeMessage.Read(Encoding.UTF8.GetBytes(json)));
    }
}
