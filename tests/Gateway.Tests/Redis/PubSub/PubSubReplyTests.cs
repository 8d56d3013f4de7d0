using System.Text;
using Gateway.Server.Backplane.Redis.PubSub;

namespace Gateway.Tests.Redis.PubSub;

/// <summary>
/// RESP2 as a server sends it on a connection that listens: https://redis.io/docs/latest/develop/reference/protocol-spec/.
/// </summary>
public sealed class PubSubReplyTests
{
    public static TheoryData<string, string, string, string> Replies => new()
    {
        { "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n", "Message", "c", "hello" },
        { "*3\r\n$8\r\nsmessage\r\n$3\r\nc:1\r\n$0\r\n\r\n", "Message", "c:1", "" },
        { "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\r\n\r\n\r\n", "Message", "c", "\r\n\r\n" },
        { "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", "Subscribed", "c", "" },
        { "*3\r\n$10\r\nssubscribe\r\n$1\r\nc\r\n:12345\r\n", "Subscribed", "c", "" },
        { "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n", "Unsubscribed", "c", "" },
        { "*3\r\n$12\r\nsunsubscribe\r\n$1\r\nc\r\n:0\r\n", "Unsubscribed", "c", "" },
        { "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n", "Unsubscribed", "", "" },
        { "*2\r\n$4\r\npong\r\n$0\r\n\r\n", "Other", "", "" },
        { "+OK\r\n", "Other", "", "" },
        { ":1\r\n", "Other", "", "" },
        { "-MOVED 3999 127.0.0.1:6381\r\n", "Error", "", "MOVED 3999 127.0.0.1:6381" },
    };

    [Theory]
    [MemberData(nameof(Replies))]
    public void Each_is_read_once_it_is_there_whole_and_not_before(string text, string kind, string channel, string content)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text + "*3\r\n");
        for (int length = 0; length < text.Length; length++)
            Assert.Equal(0, PubSubReply.Read(bytes.AsSpan(0, length), out _));

        Assert.Equal(text.Length, PubSubReply.Read(bytes, out var reply));
        Assert.Equal((kind, channel, content),
            (reply.Kind.ToString(), Encoding.ASCII.GetString(reply.Channel), Encoding.ASCII.GetString(reply.Content)));
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("*x\r\n")]
    [InlineData("*0\r\n")]
    [InlineData("*5\r\n")]
    [InlineData("*-1\r\n")]
    [InlineData("*3\r\n+message\r\n")]
    [InlineData("*3\r\n$7x\r\nmessage\r\n")]
    [InlineData("*3\r\n$99999999999\r\n")]
    [InlineData("*3\r\n$536870913\r\n")]
    [InlineData("*3\r\n$7\r\nmessages\r\n")]
    public void Bytes_that_are_no_reply_of_pub_sub_are_distinguished_from_an_incomplete_one(string text) =>
        Assert.Throws<InvalidDataException>(() => PubSubReply.Read(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void A_line_without_an_end_is_not_waited_for_for_good() =>
        Assert.Throws<InvalidDataException>(() => PubSubReply.Read(Encoding.ASCII.GetBytes(new string('-', 70_000)), out _));
}
