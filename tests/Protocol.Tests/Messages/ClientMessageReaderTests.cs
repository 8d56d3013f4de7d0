using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

public sealed class ClientMessageReaderTests
{
    [Fact]
    public void Auth_carries_its_token()
    {
        Reading read = Reading.Of("""{"type":"auth","token":"aa.bb.cc"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Auth, "aa.bb.cc", ""), (read.Type, read.Token, read.Id));
    }

    [Fact]
    public void Refresh_carries_its_token_and_id()
    {
        Reading read = Reading.Of("""{"type":"refresh","token":"aa.bb.cc","id":7}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Refresh, "aa.bb.cc", "7"), (read.Type, read.Token, read.Id));
    }

    [Fact]
    public void Subscribe_needs_only_a_channel()
    {
        Reading read = Reading.Of("""{"type":"subscribe","channel":"news"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Subscribe, "news", "", ""), (read.Type, read.Channel, read.Id, read.Token));
        Assert.Null(read.Recover);
    }

    [Fact]
    public void Subscribe_takes_a_token_and_a_position_to_recover_from()
    {
        Reading read = Reading.Of(
            """{"type":"subscribe","channel":"news","id":"s1","token":"t","recover":{"seq":17,"more":[{}],"epoch":"e\u0031"}}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(("news", "\"s1\"", "t"), (read.Channel, read.Id, read.Token));
        Assert.Equal(("e1", 17), read.Recover);
    }

    [Fact]
    public void Recovering_from_the_very_start_is_a_position_too()
    {
        Reading read = Reading.Of("""{"type":"subscribe","channel":"news","recover":{"epoch":"","seq":0}}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(("", 0), read.Recover);
    }

    [Theory]
    [InlineData("unsubscribe", nameof(ClientMessageType.Unsubscribe))]
    [InlineData("presence", nameof(ClientMessageType.Presence))]
    [InlineData("history", nameof(ClientMessageType.History))]
    public void Requests_about_a_channel_carry_it_and_their_id(string type, string expected)
    {
        Reading read = Reading.Of($$"""{"type":"{{type}}","channel":"chat:1","id":"r"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((expected, "chat:1", "\"r\""), (read.Type.ToString(), read.Channel, read.Id));
        Assert.Equal((null, null, null), (read.Limit, read.Before, read.After));
    }

    [Theory]
    [InlineData("\"limit\":1", 1, null, null)]
    [InlineData("\"limit\":1000,\"before\":50", 1000, 50L, null)]
    [InlineData("\"limit\":1001,\"after\":0", 1000, null, 0L)]
    [InlineData("\"limit\":9223372036854775807,\"after\":9223372036854775807", 1000, null, long.MaxValue)]
    public void History_takes_a_limit_and_one_bound(string fields, int? limit, long? before, long? after)
    {
        Reading read = Reading.Of($$"""{"type":"history","channel":"c",{{fields}}}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((limit, before, after), (read.Limit, read.Before, read.After));
    }

    [Fact]
    public void Message_echoes_and_has_no_key_unless_told()
    {
        Reading read = Reading.Of("""{"type":"message","channel":"c","content":{"a":1}}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Message, "c", """{"a":1}"""), (read.Type, read.Channel, read.Content));
        Assert.Equal((true, "", ""), (read.Echo, read.Key, read.Id));
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public void Message_takes_echo_and_a_key(string written, bool echo)
    {
        Reading read = Reading.Of($$"""{"type":"message","id":1,"channel":"c","content":1,"echo":{{written}},"key":"k"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((echo, "k", "1"), (read.Echo, read.Key, read.Id));
    }

    [Theory]
    [InlineData("""{"type":"ping"}""", "")]
    [InlineData("""{"type":"ping","id":"p"}""", "\"p\"")]
    [InlineData(" \t\r\n{ \"type\" : \"ping\" , \"id\" : 5 }\n ", "5")]
    public void Ping_carries_at_most_an_id(string payload, string id)
    {
        Reading read = Reading.Of(payload);

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Ping, id), (read.Type, read.Id));
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"a\\u0062\\n\"")]
    [InlineData("\"\\ud800\"")]
    [InlineData("-0")]
    [InlineData("1.50")]
    [InlineData("1e400")]
    [InlineData("123456789012345678901234567890")]
    public void An_id_is_kept_as_it_was_written(string id)
    {
        Reading read = Reading.Of($$"""{"id":{{id}},"type":"ping"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(id, read.Id);
    }

    [Theory]
    [InlineData("""{"type":"nonsense","id":4}""")]
    [InlineData("""{"type":"","id":4}""")]
    [InlineData("""{"type":"Ping","id":4}""")]
    [InlineData("""{"id":4,"type":"pingpong","channel":7,"limit":"x"}""")]
    public void An_unknown_type_is_no_error_of_reading(string payload)
    {
        Reading read = Reading.Of(payload);

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Unknown, "4"), (read.Type, read.Id));
    }

    [Fact]
    public void Fields_come_in_any_order()
    {
        Reading read = Reading.Of("""{"key":"k","content":[1],"id":2,"echo":false,"channel":"c","type":"message"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(ClientMessageType.Message, read.Type);
        Assert.Equal(("c", "[1]", "k", "2", false), (read.Channel, read.Content, read.Key, read.Id, read.Echo));
    }

    [Fact]
    public void Unknown_fields_are_ignored_whatever_they_hold()
    {
        Reading read = Reading.Of(
            """{"x":{"type":"auth","id":9},"type":"ping","y":[[{"id":1}]],"TYPE":3,"\ud800":1,"\uDFFFid":2,"":null,"id":3}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Ping, "3"), (read.Type, read.Id));
    }

    [Fact]
    public void Fields_of_other_types_are_ignored_even_when_malformed()
    {
        Reading read = Reading.Of(
            """
            {"type":"unsubscribe","channel":"c","content":1,"key":2,"token":3,"echo":4,"recover":5,"limit":"6","before":-1,"after":null}
            """);

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(("c", "", "", ""), (read.Channel, read.Content, read.Key, read.Token));
        Assert.Equal((null, null, null), (read.Limit, read.Before, read.After));
    }

    [Fact]
    public void Escaped_names_and_values_mean_what_they_spell()
    {
        Reading read = Reading.Of("""{"\u0074ype":"subscri\u0062e","chann\u0065l":"a\"\\\/\u00e9\ud83d\ude00","token":"\u0074"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Subscribe, "a\"\\/é😀", "t"), (read.Type, read.Channel, read.Token));
    }

    [Fact]
    public void Text_beyond_ascii_needs_no_escapes()
    {
        Reading read = Reading.Of("""{"type":"message","channel":"чат😀","content":"日本","key":"é"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(("чат😀", "\"日本\"", "é"), (read.Channel, read.Content, read.Key));
    }

    [Fact]
    public void Of_a_repeated_field_the_last_one_counts()
    {
        Reading read = Reading.Of(
            """
            {"type":"auth","id":{},"channel":1,"content":1,"echo":0,"key":"","recover":[],
             "type":"message","id":2,"channel":"c","content":"last","echo":false,"k\u0065y":"k"}
            """);

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal((ClientMessageType.Message, "2", "c"), (read.Type, read.Id, read.Channel));
        Assert.Equal(("\"last\"", false, "k"), (read.Content, read.Echo, read.Key));
    }

    [Theory]
    [InlineData("""{"channel":"news","content":1}""", true)]
    [InlineData("""{"type":"message","channel":"news","content":1}""", true)]
    [InlineData("""{"type":"ping"}""", false)]
    [InlineData("""{"type":"unheard-of","channel":"news","content":1}""", false)]
    [InlineData("""{"type":7,"channel":"news","content":1}""", false)]
    [InlineData("""{"channel":"news"}""", false)]
    [InlineData("[]", false)]
    public void What_can_only_be_a_message_need_not_say_so(string payload, bool succeeds)
    {
        bool succeeded = ClientMessageReader.TryReadPublish(
            System.Text.Encoding.UTF8.GetBytes(payload), out ClientMessage message, out ProtocolError error);

        Assert.Equal(succeeds, succeeded);
        Assert.Equal(succeeds ? null : ErrorCode.BadRequest, error.Code);
        Assert.Equal(succeeds ? "1" : "", System.Text.Encoding.UTF8.GetString(message.Content));
    }
}
