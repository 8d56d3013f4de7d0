using System.Buffers;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

public sealed class ServerMessageWriterTests
{
    private static readonly JsonEncodedText Chat = JsonText.Encode("chat:1");

    [Fact]
    public void Connected()
    {
        Assert.Equal(
            """{"type":"connected","connection":"c1","user":"u\"1","node":"n1","ping":25000}""",
            Written.By(output => ServerMessageWriter.Connected(output, "c1", "u\"1", "n1", 25_000)));
        Assert.Equal(
            """{"type":"connected","connection":"c","user":"é日<>","node":"n","ping":1,"expires":1700000000,"subscriptions":["a","b\\"]}""",
            Written.By(output => ServerMessageWriter.Connected(output, "c", "é日<>", "n", 1, 1_700_000_000, ["a", "b\\"])));
        Assert.Equal(
            """{"type":"connected","connection":"","user":"","node":"","ping":0}""",
            Written.By(output => ServerMessageWriter.Connected(output, "", "", "", 0, null, [])));
    }

    [Fact]
    public void Subscribed()
    {
        Assert.Equal(
            """{"type":"subscribed","channel":"chat:1"}""",
            Written.By(output => ServerMessageWriter.Subscribed(output, Chat, default, null, 5, null, null)));
        Assert.Equal(
            """{"type":"subscribed","channel":"chat:1","id":7,"epoch":"e","seq":0,"recovered":false}""",
            Written.By(output => ServerMessageWriter.Subscribed(output, Chat, "7"u8, "e", 0, false, null)));

        var presence = new PresenceState([new PresentUser("u1", "{\"n\":1}"u8.ToArray()), new PresentUser("u2", default)], 2);
        Assert.Equal(
            """{"type":"subscribed","channel":"chat:1","id":"s","epoch":"e","seq":9,"recovered":true,"""
            + """ "users":["u1","u2"],"info":{"u1":{"n":1}},"count":2}"""[1..],
            Written.By(output => ServerMessageWriter.Subscribed(output, Chat, "\"s\""u8, "e", 9, true, presence)));
    }

    [Fact]
    public void Unsubscribed()
    {
        Assert.Equal(
            """{"type":"unsubscribed","channel":"chat:1","id":"u"}""",
            Written.By(output => ServerMessageWriter.Unsubscribed(output, Chat, "\"u\""u8, null, null)));
        Assert.Equal(
            """{"type":"unsubscribed","channel":"chat:1","code":"insufficient_state","reason":"gap"}""",
            Written.By(output => ServerMessageWriter.Unsubscribed(output, Chat, default, "insufficient_state", "gap")));
    }

    [Fact]
    public void Message()
    {
        Assert.Equal(
            """{"type":"message","channel":"chat:1","content":{"a" : 1e400}}""",
            Written.By(output => ServerMessageWriter.Message(output, Chat, Payload.Json("""{"a" : 1e400}"""u8), default, 0, 0)));
        Assert.Equal(
            """{"type":"message","channel":"chat:1","content":null,"sender":"u\"","seq":9223372036854775807,"time":1}""",
            Written.By(output => ServerMessageWriter.Message(output, Chat, Payload.Json("null"u8), "u\""u8, long.MaxValue, 1)));
        Assert.Equal(
            """{"type":"message","channel":"é\\","content":"\ud800","time":1700000000000}""",
            Written.By(output => ServerMessageWriter.Message(
                output, JsonText.Encode("é\\"u8), Payload.Json(""" "\ud800" """u8[1..^1]), default, 0, 1_700_000_000_000)));
    }

    [Fact]
    public void Presence_snapshot()
    {
        Assert.Equal(
            """{"type":"presence","channel":"chat:1","users":[],"count":0}""",
            Written.By(output => ServerMessageWriter.PresenceSnapshot(output, Chat, default, new PresenceState([], 0))));
        Assert.Equal(
            """{"type":"presence","channel":"chat:1","id":3,"count":201}""",
            Written.By(output => ServerMessageWriter.PresenceSnapshot(output, Chat, "3"u8, new PresenceState(null, 201))));

        PresentUser[] users = [new("a\"b", "{}"u8.ToArray()), new("c", default), new("d", "{ \"x\":[1] }"u8.ToArray())];
        Assert.Equal(
            """{"type":"presence","channel":"chat:1","users":["a\"b","c","d"],"info":{"a\"b":{},"d":{ "x":[1] }},"count":3}""",
            Written.By(output => ServerMessageWriter.PresenceSnapshot(output, Chat, default, new PresenceState(users, 3))));
    }

    [Fact]
    public void Presence_change()
    {
        PresentUser[] joined = [new("a", "{\"n\":\"A\"}"u8.ToArray()), new("b", default)];
        Assert.Equal(
            """{"type":"presence","channel":"chat:1","joined":["a","b"],"left":["c"],"info":{"a":{"n":"A"}},"count":2}""",
            Written.By(output => ServerMessageWriter.PresenceChange(output, Chat, joined, ["c"], 2)));
        Assert.Equal(
            """{"type":"presence","channel":"chat:1","joined":["b"],"count":1}""",
            Written.By(output => ServerMessageWriter.PresenceChange(output, Chat, joined[1..], [], 1)));
        Assert.Equal(
            """{"type":"presence","channel":"chat:1","left":["c","d"],"count":0}""",
            Written.By(output => ServerMessageWriter.PresenceChange(output, Chat, [], ["c", "d"], 0)));
        Assert.Equal(
            """{"type":"presence","channel":"chat:1","count":500}""",
            Written.By(output => ServerMessageWriter.PresenceChange(output, Chat, null, null, 500)));
    }

    [Fact]
    public void History()
    {
        PublishedMessage[] messages =
        [
            new(PayloadKind.Json, "1"u8.ToArray(), Utf8Text.Of("u"), 4, 1_700_000_000_000),
            new(PayloadKind.Json, "{ }"u8.ToArray(), default, 5, 0),
        ];
        Assert.Equal(
            """{"type":"history","channel":"chat:1","id":"h","epoch":"e","messages":["""
            + """{"type":"message","channel":"chat:1","content":1,"sender":"u","seq":4,"time":1700000000000},"""
            + """{"type":"message","channel":"chat:1","content":{ },"seq":5}"""
            + """],"more":true}""",
            Written.By(output => ServerMessageWriter.History(output, Chat, "\"h\""u8, "e", messages, true)));
        Assert.Equal(
            """{"type":"history","channel":"chat:1","epoch":"e","messages":[],"more":false}""",
            Written.By(output => ServerMessageWriter.History(output, Chat, default, "e", [], false)));
    }

    [Fact]
    public void Ack()
    {
        Assert.Equal(
            """{"type":"ack","id":1e400,"channel":"chat:1"}""",
            Written.By(output => ServerMessageWriter.Ack(output, "1e400"u8, Chat, null, 3)));
        Assert.Equal(
            """{"type":"ack","id":"\ud800","channel":"chat:1","epoch":"e","seq":3}""",
            Written.By(output => ServerMessageWriter.Ack(output, """ "\ud800" """u8[1..^1], Chat, "e", 3)));
    }

    [Fact]
    public void Refreshed()
    {
        Assert.Equal(
            """{"type":"refreshed","id":1,"expires":1700000000}""",
            Written.By(output => ServerMessageWriter.Refreshed(output, "1"u8, 1_700_000_000)));
        Assert.Equal(
            """{"type":"refreshed","expires":0}""",
            Written.By(output => ServerMessageWriter.Refreshed(output, default, 0)));
    }

    [Fact]
    public void Pong()
    {
        Assert.Equal("""{"type":"pong"}""", Written.By(output => ServerMessageWriter.Pong(output, default)));
        Assert.Equal("""{"type":"pong","id":"a\u0062"}""", Written.By(output => ServerMessageWriter.Pong(output, "\"a\\u0062\""u8)));
    }

    [Fact]
    public void Error()
    {
        Assert.Equal(
            """{"type":"error","code":"internal","message":"It's \"us\"."}""",
            Written.By(output => ServerMessageWriter.Error(output, new ProtocolError(ErrorCode.Internal, "It's \"us\"."))));
        Assert.Equal(
            """{"type":"error","code":"rate_limited","message":"Slow down.","id":5,"channel":"a\"\\é\n","retryAfter":250}""",
            Written.By(output => ServerMessageWriter.Error(
                output, new ProtocolError(ErrorCode.RateLimited, "Slow down."), "5"u8, "a\"\\é\n"u8, 250)));
    }

    [Fact]
    public void Disconnect()
    {
        Assert.Equal(
            """{"type":"disconnect","code":1012,"reason":"restarting","reconnect":true,"retryAfter":1500}""",
            Written.By(output => ServerMessageWriter.Disconnect(output, 1012, "restarting", true, 1500)));
        Assert.Equal(
            """{"type":"disconnect","code":4001,"reason":"Unauthorized","reconnect":false}""",
            Written.By(output => ServerMessageWriter.Disconnect(output, 4001, "Unauthorized", false, null)));
    }

    [Fact]
    public void Messages_follow_one_another_in_one_output()
    {
        Assert.Equal(
            """{"type":"pong"}{"type":"message","channel":"chat:1","content":1}{"type":"pong","id":2}""",
            Written.By(output =>
            {
                ServerMessageWriter.Pong(output, default);
                ServerMessageWriter.Message(output, Chat, Payload.Json("1"u8), default, 0, 0);
                ServerMessageWriter.Pong(output, "2"u8);
            }));
    }

    [Fact]
    public void A_message_may_be_written_while_another_is_being_written()
    {
        var inner = new ArrayBufferWriter<byte>();
        string outer = Written.By(output =>
            ServerMessageWriter.PresenceChange(output, Chat, null, new Interrupted(() => ServerMessageWriter.Pong(inner, "1"u8)), 0));

        Assert.Equal("""{"type":"presence","channel":"chat:1","left":["x"],"count":0}""", outer);
        Assert.Equal("""{"type":"pong","id":1}""", Encoding.UTF8.GetString(inner.WrittenSpan));
    }

    [Fact]
    public void A_message_that_failed_half_way_leaves_nothing_in_the_next()
    {
        Assert.Throws<TimeoutException>(() => Written.By(output =>
            ServerMessageWriter.PresenceChange(output, Chat, null, new Interrupted(() => throw new TimeoutException()), 0)));

        Assert.Equal("""{"type":"pong"}""", Written.By(output => ServerMessageWriter.Pong(output, default)));
    }

    /// <summary>One user, before whose name something happens.</summary>
    private sealed class Interrupted(Action interruption) : IReadOnlyCollection<string>
    {
        public int Count => 1;

        public IEnumerator<string> GetEnumerator()
        {
            interruption();
            yield return "x";
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
