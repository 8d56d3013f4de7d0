using System.Net;
using System.Text.Json;
using Gateway.Tests.Hooks;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.BinaryMessages;

/// <summary>The hook <c>publish</c> sees attachments and may replace them.</summary>
public sealed class HookTests
{
    [Fact]
    public async Task The_backend_gets_them_in_base64()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish"));
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        await client.SendBytesAsync(AttachedMessage.Of("a", "", [1, 2, 3], []));
        await client.SendBytesAsync(AttachedMessage.Of("a", ""","content":{ "x":1}""", [0xFF]));

        Assert.Equal([[1, 2, 3], []], (await client.ReceiveAttachedAsync()).Attachments);
        Assert.Equal("""{ "x":1}""", (await client.ReceiveAttachedAsync()).Header.Raw("content"));
        Assert.Equal(2, backend.Calls.Count);
        Assert.Equal(["AQID", ""], backend.Calls[0].Texts("attachments"));
        Assert.False(backend.Calls[0].Has("content"));
        Assert.Equal(["/w=="], backend.Calls[1].Texts("attachments"));
        Assert.Equal("""{ "x":1}""", backend.Calls[1].Raw("content"));
    }

    [Theory]
    [InlineData("", "own", "AQID")]
    [InlineData(""","content":"new" """, "new", "AQID")]
    [InlineData(""","attachments":["\/w==",""]""", "own", "/w== ")]
    [InlineData(""","content":"new","attachments":["Ag=="]""", "new", "Ag==")]
    [InlineData(""","attachments":[]""", "own", null)]
    public async Task What_the_answer_names_replaces_the_clients_own(string answer, string content, string? attachments)
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish"));
        backend.OnCall = (context, _) => Backend.AnswerAsync(context, $$"""{"allow":true{{answer}}}""");
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=a");
        await stream.ReceiveAsync("subscribed");
        await using var client = await JsonClient.ConnectAsync(server);

        await client.SendBytesAsync(AttachedMessage.Of("a", ""","content":"own" """, [1, 2, 3]));
        await PostAsync(server.PublicPort, """{"channel":"a","content":"own","attachments":["AQID"]}""");

        for (int i = 0; i < 2; i++)
        {
            var message = (await stream.ReceiveAsync("message")).Json;
            Assert.Equal(content, message.Text("content"));
            Assert.Equal(attachments, message.Has("attachments") ? string.Join(' ', message.Texts("attachments")) : null);
        }
    }

    [Fact]
    public async Task Bytes_may_be_replaced_by_content_but_not_by_nothing()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish"));
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        backend.OnCall = (context, _) => Backend.AnswerAsync(context, """{"allow":true,"content":"looked at","attachments":[]}""");
        await client.SendBytesAsync(AttachedMessage.Of("a", "", [1]));
        Assert.Equal("looked at", (await client.ReceiveAsync("message")).Text("content"));

        backend.OnCall = (context, _) => Backend.AnswerAsync(context, """{"allow":true,"attachments":[]}""");
        await client.SendBytesAsync(AttachedMessage.Of("a", ""","id":1""", [1]));
        Assert.Equal("unavailable", (await client.ReceiveAsync("error")).Text("code"));
        var (status, _) = await PostAsync(server.PublicPort, """{"channel":"a","attachments":["AQ=="]}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
    }

    [Fact]
    public async Task As_many_bytes_as_a_message_may_have_come_back_in_base64()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish", "Limits:MessageBytes=1000000"));
        backend.OnCall = (context, request) => Backend.AnswerAsync(
            context,
            JsonSerializer.Serialize(new { allow = true, attachments = new[] { new byte[request.Json.Number("content")] } }));
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        await client.PublishAsync("a", "999994");
        Assert.Equal(999_994, (await client.ReceiveAttachedAsync()).Attachments.Single().Length);

        await client.PublishAsync("a", "999995", ",\"id\":1");
        Assert.Equal("unavailable", (await client.ReceiveAsync("error")).Text("code"));
    }
}
