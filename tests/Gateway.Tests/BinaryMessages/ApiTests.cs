using System.Text;
using Gateway.Tests.Api;
using Gateway.TestSupport;

namespace Gateway.Tests.BinaryMessages;

/// <summary>Attachments in the HTTP API: in base64, or as the body itself.</summary>
public sealed class ApiTests(ApiGateway gateway) : IClassFixture<ApiGateway>
{
    private static readonly (string, string) Bytes = ("Content-Type", "application/octet-stream");

    [Fact]
    public async Task A_publish_has_them_in_base64_with_content_or_without()
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("texts");

        Assert.Equal(200, (await gateway.Server.PostAsync("publish", """{"channel":"texts","attachments":["AQID",""]}""")).Status);
        await gateway.Server.PostAsync("publish", """{"channel":"texts","content":[ 1],"attachments":["/w=="],"sender":"ann"}""");
        await gateway.Server.PostAsync("publish", """{"channel":"texts","content":2,"attachments":[]}""");

        var alone = await subscriber.ReceiveAttachedAsync();
        Assert.Equal([[1, 2, 3], []], alone.Attachments);
        Assert.False(alone.Header.Has("content"));
        var both = await subscriber.ReceiveAttachedAsync();
        Assert.Equal(("[ 1]", "ann"), (both.Header.Raw("content"), both.Header.Text("sender")));
        Assert.Equal([[0xFF]], both.Attachments);
        Assert.Equal(2, (await subscriber.ReceiveAsync("message")).Number("content"));
    }

    [Fact]
    public async Task A_broadcast_and_a_batch_have_them_too_and_history_gives_them_back()
    {
        await gateway.Server.PostAsync("broadcast", """{"channels":["log:one","log:two"],"attachments":["AQ=="]}""");
        var batch = await gateway.Server.PostAsync("batch", """
            {"commands":[
              {"type":"publish","channel":"log:one","attachments":["Ag=="],"content":"b"},
              {"type":"broadcast","channels":["log:one","log:two"],"attachments":["Aw=="]},
              {"type":"publish","channel":"log:one","attachments":["*"]},
              {"type":"publish","channel":"log:one","content":4}]}
            """);

        Assert.Equal(
            [false, false, true, false],
            batch.Json.GetProperty("results").EnumerateArray().Select(result => result.Has("status")));
        Assert.Equal(["AQ==", "Ag==", "Aw==", ""], await HistoryAsync("log:one"));
        Assert.Equal(["AQ==", "Aw=="], await HistoryAsync("log:two"));
    }

    [Fact]
    public async Task A_body_of_bytes_is_one_attachment_and_the_query_has_the_rest()
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("log:bytes+é");
        byte[] picture = new byte[300_000];
        Random.Shared.NextBytes(picture);

        var answer = await UploadAsync("?channel=log:bytes%2B%C3%A9&sender=ann%22&key=k", picture);
        var again = await UploadAsync("?channel=log:bytes%2B%C3%A9&sender=ann%22&key=k", picture);

        Assert.Equal((200, 1), (answer.Status, answer.Json.Number("seq")));
        Assert.Equal(answer.Text, again.Text);
        var message = await subscriber.ReceiveAttachedAsync();
        Assert.Equal([picture], message.Attachments);
        Assert.Equal(("ann\"", false), (message.Header.Text("sender"), message.Header.Has("content")));
        Assert.True(await subscriber.HearsOnlyPongAsync());
    }

    [Theory]
    [InlineData("application/octet-stream", true)]
    [InlineData("Application/Octet-Stream; charset=x", true)]
    [InlineData("application/x-www-form-urlencoded", false)]
    [InlineData("image/png", false)]
    [InlineData("application", false)]
    public async Task Only_that_content_type_makes_it_bytes(string type, bool isBytes)
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("types");
        byte[] body = Encoding.UTF8.GetBytes("""{"channel":"types","content":1}""");

        await UploadAsync("?channel=types", body, ("Content-Type", type));

        if (isBytes)
            Assert.Equal([body], (await subscriber.ReceiveAttachedAsync()).Attachments);
        else
            Assert.Equal(1, (await subscriber.ReceiveAsync("message")).Number("content"));
    }

    [Fact]
    public async Task An_empty_body_is_an_empty_attachment_and_any_bytes_will_do()
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("any");
        await UploadAsync("?channel=any", []);
        await UploadAsync("?channel=any", [0xFF, 0, 0xC0]);
        Assert.Equal([[]], (await subscriber.ReceiveAttachedAsync()).Attachments);
        Assert.Equal([[0xFF, 0, 0xC0]], (await subscriber.ReceiveAttachedAsync()).Attachments);
    }

    [Theory]
    [InlineData("", "channel")]
    [InlineData("?channel=", "channel")]
    [InlineData("?channel=a%00b", "channel")]
    [InlineData("?channel=a&key=", "key")]
    [InlineData("?channel=a&sender=", "sender")]
    public async Task A_query_that_will_not_do_is_refused_with_its_field(string query, string field)
    {
        var answer = await UploadAsync(query, [1]);
        Assert.Equal((400, field), (answer.Status, answer.Json.Text("field")));
    }

    [Fact]
    public async Task Other_commands_take_no_bytes()
    {
        var answer = await ApiCalls.SendAsync(gateway.Server.InternalPort, HttpMethod.Post, "/api/broadcast?channel=a", [1, 2], Bytes);
        Assert.Equal((400, "body"), (answer.Status, answer.Json.Text("field")));
    }

    [Theory]
    [InlineData("""{"channel":"a","attachments":[]}""", "content")]
    [InlineData("""{"channel":"a","attachments":{}}""", "attachments")]
    [InlineData("""{"channel":"a","content":1,"attachments":[1]}""", "attachments")]
    [InlineData("""{"channel":"a","attachments":["A"]}""", "attachments")]
    [InlineData("""{"channel":"a","attachments":["","","","","","","","","","","","","","","","",""]}""", "attachments")]
    public async Task Attachments_that_will_not_do_are_refused_with_their_field(string body, string field)
    {
        var answer = await gateway.Server.PostAsync("publish", body);
        Assert.Equal((400, field), (answer.Status, answer.Json.Text("field")));
    }

    [Fact]
    public async Task The_description_has_them()
    {
        var description = (await gateway.Server.GetAsync("/openapi/v1.json")).Json;
        var operation = description.GetProperty("paths").GetProperty("/api/publish").GetProperty("post");
        var content = operation.GetProperty("requestBody").GetProperty("content");
        Assert.Equal("binary", content.GetProperty("application/octet-stream").GetProperty("schema").Text("format"));
        Assert.Equal(["channel", "key", "sender"], operation.GetProperty("parameters").EnumerateArray().Select(one => one.Text("name")));
        var broadcast = description.GetProperty("paths").GetProperty("/api/broadcast").GetProperty("post").GetProperty("requestBody");
        Assert.False(broadcast.GetProperty("content").Has("application/octet-stream"));
    }

    private Task<ApiAnswer> UploadAsync(string query, byte[] body) => UploadAsync(query, body, Bytes);

    private Task<ApiAnswer> UploadAsync(string query, byte[] body, (string, string) type) =>
        ApiCalls.SendAsync(gateway.Server.InternalPort, HttpMethod.Post, "/api/publish" + query, body, type);

    private async Task<string[]> HistoryAsync(string channel) =>
        [.. (await gateway.Server.GetAsync($"/api/channels/{channel}/history")).Json.GetProperty("messages").EnumerateArray()
            .Select(message => string.Join(' ', message.Texts("attachments")))];
}
