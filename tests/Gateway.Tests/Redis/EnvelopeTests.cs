using System.Buffers.Binary;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane.Redis;

namespace Gateway.Tests.Redis;

public sealed class EnvelopeTests
{
    private const string Connection = "AZaz09-_AZaz09-_";

    private const string Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private static readonly byte[][] Samples =
    [
        Records.Message(Records.Body(sender: "a \"quoted\" one", except: Connection, trace: Trace)),
        Records.Message(Records.Body("1", sender: "")),
        Records.Positioned(7, Records.Epoch, Records.Body(), Records.Body("[1,2]", sender: "")),
        Records.Presence("ann", "{\"name\":\"Ann\"}"),
        Records.Presence("größe", ""),
    ];

    [Theory]
    [InlineData("ann", Connection, "{}", null)]
    [InlineData("a \"quoted\" one", null, "\"\"", null)]
    [InlineData("", Connection, "1", null)]
    [InlineData("ann", Connection, "{}", Trace)]
    [InlineData("", null, "1", Trace)]
    public void A_body_is_read_as_it_was_written(string sender, string? except, string content, string? trace)
    {
        byte[] bytes = Records.Body(content, sender, except, trace);

        Assert.True(MessageBody.IsWhole(bytes));
        var body = MessageBody.Read(bytes);
        Assert.Equal(123, body.Time);
        Assert.Equal(except, body.Except?.ToString());
        Assert.Equal(trace, body.Trace);
        Assert.Equal(content, Encoding.UTF8.GetString(body.Payload.Bytes));
        Assert.Equal(PayloadKind.Json, body.Payload.Kind);
        Assert.Equal(sender, body.SenderText(default).ToString());
    }

    [Fact]
    public void Messages_are_read_with_their_position()
    {
        Assert.True(Envelope.TryRead(Samples[0], out var plain));
        Assert.Equal((EnvelopeKind.Message, 0L), (plain.Kind, plain.Seq));
        Assert.Equal([Records.Body(sender: "a \"quoted\" one", except: Connection, trace: Trace)], Bodies(plain));

        Assert.True(Envelope.TryRead(Samples[2], out var positioned));
        Assert.Equal((EnvelopeKind.PositionedMessage, 7L), (positioned.Kind, positioned.Seq));
        Assert.Equal(Records.Epoch, Encoding.UTF8.GetString(positioned.Epoch));
        Assert.Equal([Records.Body(), Records.Body("[1,2]", sender: "")], Bodies(positioned));
    }

    [Theory]
    [InlineData("ann", "{\"name\":\"Ann\"}", 1, 2, true, 3)]
    [InlineData("größe", "", 0, 5, false, 0)]
    public void A_presence_change_is_read_as_it_was_written(string user, string info, long before, long version, bool joined, int count)
    {
        byte[] bytes = Records.Presence(user, info, before, version, (byte)(joined ? 1 : 0), count);

        Assert.True(Envelope.TryRead(bytes, out var envelope));
        Assert.Equal((EnvelopeKind.Presence, before), (envelope.Kind, envelope.Before));
        var change = envelope.Change;
        Assert.Equal((user, joined, count, version), (change.User.Id, change.Joined, change.Count, change.Version));
        Assert.Equal(info, Encoding.UTF8.GetString(change.User.Info.Span));
    }

    [Fact]
    public void A_body_truncated_anywhere_but_between_two_records_is_refused_as_a_whole()
    {
        foreach (byte[] sample in Samples)
        {
            for (int length = 0; length < sample.Length; length++)
            {
                int between = sample.Length - Records.Record(Records.Body("[1,2]", sender: "")).Length;
                bool isBetween = sample[0] == (byte)EnvelopeKind.PositionedMessage && length == between;
                Assert.Equal(isBetween, Envelope.TryRead(sample.AsSpan(0, length), out _));
            }
            Assert.False(Envelope.TryRead([.. sample, 0], out _));
        }
    }

    [Fact]
    public void A_message_in_which_a_single_bit_is_another_is_refused()
    {
        foreach (byte[] body in new[] { Records.Body(sender: "a \"quoted\" one", except: Connection, trace: Trace),
        Records.Body("1", sender: "") })
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
    public void A_damaged_envelope_brings_no_message_that_was_not_in_it()
    {
        var random = new Random(1);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] sample = Samples[i % Samples.Length];
            byte[] damaged = [.. sample];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            // Cut off, or with something behind it.
            Array.Resize(ref damaged, Math.Max(0, damaged.Length + (random.Next(4) == 0 ? random.Next(-9, 9) : 0)));

            if (Envelope.TryRead(damaged, out var envelope) && envelope.Kind != EnvelopeKind.Presence)
                Assert.All(Bodies(envelope), body => Assert.True(sample.AsSpan().IndexOf(body) >= 0));
        }
    }

    private static byte[][] Bodies(in Envelope envelope)
    {
        var bodies = new List<byte[]>();
        foreach (var body in envelope.Records)
            bodies.Add(body.ToArray());
        return [.. bodies];
    }

    [Fact]
    public void A_node_message_that_is_cut_off_or_lacks_something_is_refused()
    {
        var message = new Server.Cluster.NodeMessage("a")
        {
            Heartbeat = new("a", "edge-1", "http://x", "1.0.0", 1, 0, 0, 0),
            Id = "1",
            Request = new("count") { Channel = "x" }
        };
        byte[] whole = message.Write();
        Assert.Equal(message, Server.Cluster.NodeMessage.Read(whole));
        for (int length = 0; length < whole.Length; length++)
            Assert.Null(Server.Cluster.NodeMessage.Read(whole.AsSpan(0, length)));
        foreach (string json in new[] { "{}", "null", "[]", "1", "{\"from\":null}", "{\"from\":\"a\",\"here\":{}}",
            "{\"from\":\"a\",\"request\":{}}", "{\"from\":\"a\",\"request\":{\"action\":null}}" })
            Assert.Null(Server.Cluster.NodeMessage.Read(Encoding.UTF8.GetBytes(json)));
    }
}
