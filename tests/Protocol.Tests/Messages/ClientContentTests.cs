using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

public sealed class ClientContentTests
{
    public static readonly TheoryData<string> Contents = new()
    {
        "null", "true", "false", "0", "-0.0", "\"\"", "{}", "[]",
        "1e400", "-1E+999999", "0.1000000000000000055511151231257827021181583404541015625",
        "123456789012345678901234567890123456789012345678901234567890",
        "\"\\ud800\"", "{\"\\udfff\":\"\\uD800\\ud800\"}", "\"\\u0000\\/\\u0041\"", "\"\\\"}\"",
        "{ \"a\" :\t[ 1 ,\r\n 2 ] , \"a\":3 }", "\"日本😀\u2028\"", "[[[[{\"content\":1,\"type\":\"ping\"}]]]]",
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void Content_in_the_middle_is_kept_byte_for_byte(string content)
    {
        Reading read = Reading.Of($$"""{"type":"message", "content" :  {{content}}  , "channel":"c"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(content, read.Content);
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public void Content_at_the_end_is_kept_byte_for_byte(string content)
    {
        Reading read = Reading.Of($$"""{"type":"message","channel":"c","content":{{content}}}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal(content, read.Content);
    }

    [Fact]
    public void Content_points_into_the_payload()
    {
        byte[] payload = """{"type":"message","channel":"c","content":[1]}"""u8.ToArray();

        Assert.True(ClientMessageReader.TryRead(payload, out ClientMessage message, out _));
        Assert.True(payload.AsSpan().Overlaps(message.Content, out int offset));
        Assert.Equal(payload.AsSpan().IndexOf("[1]"u8), offset);
    }

    [Theory]
    [InlineData("{]")]
    [InlineData("[1,]")]
    [InlineData("01")]
    [InlineData("+1")]
    [InlineData(".5")]
    [InlineData("NaN")]
    [InlineData("'a'")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\t\"")]
    [InlineData("1 /* one */")]
    [InlineData("{\"a\" 1}")]
    [InlineData("1 2")]
    [InlineData("")]
    public void Content_that_is_not_json_is_refused(string content)
    {
        Reading read = Reading.Of($$"""{"id":1,"type":"message","channel":"c","content":{{content}}}""");

        Assert.False(read.Succeeded);
        Assert.Equal(ErrorCode.BadRequest, read.Error.Code);
        Assert.Contains("not valid JSON", read.Error.Message);
    }
}
