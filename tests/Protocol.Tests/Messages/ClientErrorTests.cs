using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

public sealed class ClientErrorTests
{
    [Theory]
    [InlineData("type", """ "channel":"c" """)]
    [InlineData("type", """ "type":null """)]
    [InlineData("type", """ "type":1 """)]
    [InlineData("type", """ "type":{"type":"ping"} """)]
    [InlineData("type", """ "type":"\ud800" """)]
    [InlineData("token", """ "type":"auth" """)]
    [InlineData("token", """ "type":"auth","token":null """)]
    [InlineData("token", """ "type":"auth","token":"" """)]
    [InlineData("token", """ "type":"refresh" """)]
    [InlineData("token", """ "type":"refresh","token":["t"] """)]
    [InlineData("token", """ "type":"refresh","token":"t\udc00" """)]
    [InlineData("token", """ "type":"subscribe","channel":"c","token":1 """)]
    [InlineData("channel", """ "type":"subscribe" """)]
    [InlineData("channel", """ "type":"subscribe","channel":"" """)]
    [InlineData("channel", """ "type":"subscribe","channel":"\ud800" """)]
    [InlineData("channel", """ "type":"subscribe","channel":"\udc00\ud800" """)]
    [InlineData("channel", """ "type":"unsubscribe" """)]
    [InlineData("channel", """ "type":"unsubscribe","channel":null """)]
    [InlineData("channel", """ "type":"presence" """)]
    [InlineData("channel", """ "type":"presence","channel":["c"] """)]
    [InlineData("channel", """ "type":"history" """)]
    [InlineData("channel", """ "type":"history","channel":true """)]
    [InlineData("channel", """ "type":"message","content":1 """)]
    [InlineData("channel", """ "type":"message","content":1,"channel":1 """)]
    [InlineData("content", """ "type":"message","channel":"c" """)]
    [InlineData("echo", """ "type":"message","channel":"c","content":1,"echo":"true" """)]
    [InlineData("echo", """ "type":"message","channel":"c","content":1,"echo":null """)]
    [InlineData("echo", """ "type":"message","channel":"c","content":1,"echo":0 """)]
    [InlineData("key", """ "type":"message","channel":"c","content":1,"key":"" """)]
    [InlineData("key", """ "type":"message","channel":"c","content":1,"key":5 """)]
    [InlineData("key", """ "type":"message","channel":"c","content":1,"key":"\uD83D" """)]
    [InlineData("recover", """ "type":"subscribe","channel":"c","recover":null """)]
    [InlineData("recover", """ "type":"subscribe","channel":"c","recover":["e",1] """)]
    [InlineData("recover.epoch", """ "type":"subscribe","channel":"c","recover":{"seq":1} """)]
    [InlineData("recover.epoch", """ "type":"subscribe","channel":"c","recover":{"epoch":1,"seq":1} """)]
    [InlineData("recover.epoch", """ "type":"subscribe","channel":"c","recover":{"epoch":"\ud800","seq":1} """)]
    [InlineData("recover.seq", """ "type":"subscribe","channel":"c","recover":{"epoch":"e"} """)]
    [InlineData("recover.seq", """ "type":"subscribe","channel":"c","recover":{"epoch":"e","seq":"1"} """)]
    [InlineData("recover.seq", """ "type":"subscribe","channel":"c","recover":{"epoch":"e","seq":-1} """)]
    [InlineData("recover.seq", """ "type":"subscribe","channel":"c","recover":{"epoch":"e","seq":1.5} """)]
    [InlineData("recover.seq", """ "type":"subscribe","channel":"c","recover":{"epoch":"e","seq":9223372036854775808} """)]
    [InlineData("limit", """ "type":"history","channel":"c","limit":0 """)]
    [InlineData("limit", """ "type":"history","channel":"c","limit":-5 """)]
    [InlineData("limit", """ "type":"history","channel":"c","limit":"10" """)]
    [InlineData("limit", """ "type":"history","channel":"c","limit":1e2 """)]
    [InlineData("limit", """ "type":"history","channel":"c","limit":null """)]
    [InlineData("limit", """ "type":"history","channel":"c","limit":99999999999999999999 """)]
    [InlineData("before", """ "type":"history","channel":"c","before":-1 """)]
    [InlineData("before", """ "type":"history","channel":"c","before":"1" """)]
    [InlineData("before", """ "type":"history","channel":"c","before":1e400 """)]
    [InlineData("after", """ "type":"history","channel":"c","after":-1 """)]
    [InlineData("after", """ "type":"history","channel":"c","after":2.0 """)]
    [InlineData("after", """ "type":"history","channel":"c","after":[] """)]
    [InlineData("after", """ "type":"history","channel":"c","before":1,"after":2 """)]
    public void A_mistake_names_its_field_and_keeps_the_id_wherever_it_stood(string field, string fields)
    {
        foreach (string payload in new[] { $$"""{"id":"e1",{{fields}}}""", $$"""{{{fields}},"id":"e1"}""" })
        {
            Reading read = Reading.Of(payload);

            Assert.False(read.Succeeded);
            Assert.Equal(ErrorCode.BadRequest, read.Error.Code);
            Assert.Contains($"'{field}'", read.Error.Message);
            Assert.Equal("\"e1\"", read.Id);
            Assert.Equal((ClientMessageType.Unknown, "", ""), (read.Type, read.Channel, read.Content));
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void An_id_that_is_neither_string_nor_number_is_refused_and_not_returned(string id)
    {
        Reading read = Reading.Of($$"""{"type":"ping","id":{{id}}}""");

        Assert.False(read.Succeeded);
        Assert.Equal(ErrorCode.BadRequest, read.Error.Code);
        Assert.Contains("'id'", read.Error.Message);
        Assert.Equal("", read.Id);
    }

    [Fact]
    public void A_key_is_measured_in_bytes_once_unescaped()
    {
        string escaped = string.Concat(Enumerable.Repeat("\\u0061", ClientMessageReader.MaxKeyBytes));

        Assert.Equal(new string('a', 255), WithKey(escaped).Key);
        Assert.False(WithKey(escaped + "a").Succeeded);
        Assert.True(WithKey(new string('é', 127) + "a").Succeeded);
        Assert.False(WithKey(new string('é', 128)).Succeeded);

        static Reading WithKey(string key) => Reading.Of($$"""{"type":"message","channel":"c","content":1,"key":"{{key}}"}""");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[{\"type\":\"ping\"}]")]
    [InlineData("\"ping\"")]
    [InlineData("7")]
    [InlineData("null")]
    public void A_payload_that_is_no_object_is_refused(string payload)
    {
        Reading read = Reading.Of(payload);

        Assert.False(read.Succeeded);
        Assert.Equal(new ProtocolError(ErrorCode.BadRequest, "The message must be one JSON object."), read.Error);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("   ", 3)]
    [InlineData("nope", 1)]
    [InlineData("\uFEFF{\"type\":\"ping\"}", 0)]
    [InlineData("{\"type\":\"ping\"", 14)]
    [InlineData("{\"type\":\"ping\"}x", 15)]
    [InlineData("{\"type\":\"ping\"} {\"type\":\"ping\"}", 16)]
    [InlineData("{\"type\":\"ping\",}", 15)]
    [InlineData("{type:\"ping\"}", 1)]
    [InlineData("{\"type\":\"ping\"/**/}", 14)]
    [InlineData("// hello\n{\"type\":\"ping\"}", 0)]
    [InlineData("{\n\"type\":\n\"ping\",\n!}", 18)]
    [InlineData("{\"id\":1,\"type\":\"pi\nng\"}", 18)]
    public void What_is_not_json_is_refused_with_the_place(string payload, int at)
    {
        Reading read = Reading.Of(payload);

        Assert.False(read.Succeeded);
        Assert.Equal(ErrorCode.BadRequest, read.Error.Code);
        Assert.Equal($"The message is not valid JSON of at most 64 levels at byte {at}.", read.Error.Message);
        Assert.Equal("", read.Id);
    }
}
