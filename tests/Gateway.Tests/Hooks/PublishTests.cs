using System.Net;
using Gateway.Tests.Api;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Hooks;

/// <summary>The hook <c>publish</c>: the backend allows, denies or replaces a message.</summary>
public sealed class PublishTests
{
    [Fact]
    public async Task The_backend_gets_the_content_byte_for_byte()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish"));
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        await client.PublishAsync("a", """{ "x" : [1.50, "\u00fc"] }""");

        Assert.Equal("""{ "x" : [1.50, "\u00fc"] }""", (await client.ReceiveAsync("message")).Raw("content"));
        var call = Assert.Single(backend.Calls);
        Assert.Equal(("publish", "a", """{ "x" : [1.50, "\u00fc"] }"""), (call.Text("type"), call.Text("channel"), call.Raw("content")));
        Assert.Equal(
            (client.ConnectionId, client.User, "127.0.0.1"), (call.Text("connection"), call.Text("user"), call.Text("address")));
    }

    [Fact]
    public async Task A_denied_message_is_not_published_and_its_sender_learns_why()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish"));
        backend.Deny(call => call.Raw("content") == "1", ""","code":"rate_limited","message":"one a day" """);
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        await client.PublishAsync("a", "1", ""","id":"x" """);
        var error = await client.ReceiveAsync("error");
        await client.PublishAsync("a", "2");

        Assert.Equal(
            ("rate_limited", "one a day", "a", "x"), (error.Text("code"), error.Text("message"), error.Text("channel"), error.Text("id")));
        Assert.Equal(2, (await client.ReceiveAsync("message")).Number("content"));
    }

    [Fact]
    public async Task Another_content_replaces_the_clients_own_and_the_rest_of_the_message_stays()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish", "Namespaces:log:History=10"));
        backend.OnCall = (context, _) => Backend.AnswerAsync(context, """{"content": { "clean" :  true } ,"allow":true}""");
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("log:a");

        await client.PublishAsync("log:a", "\"dirty\"", ""","id":1""");

        var messages = new[] { await client.ReceiveAsync(), await client.ReceiveAsync() };
        var message = messages.Single(one => one.Text("type") == "message");
        Assert.Equal(("""{ "clean" :  true }""", client.User, 1), (message.Raw("content"), message.Text("sender"), message.Number("seq")));
        var ack = messages.Single(one => one.Text("type") == "ack");
        Assert.Equal((1, 1), (ack.Number("id"), ack.Number("seq")));
    }

    [Fact]
    public async Task A_replacement_as_large_as_a_message_may_be_is_published_and_a_larger_one_is_no_answer()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish", "Limits:MessageBytes=100000"));
        backend.OnCall = (context, request) => Backend.AnswerAsync(
            context, $$"""{"allow":true,"content":"{{new string('x', (int)request.Json.Number("content") - 2)}}"}""");
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        await client.PublishAsync("a", "100001");
        Assert.Equal("unavailable", (await client.ReceiveAsync("error")).Text("code"));
        await client.PublishAsync("a", "100000");
        Assert.Equal(100_000, (await client.ReceiveAsync("message")).Raw("content").Length);
    }

    [Fact]
    public async Task A_clients_messages_keep_their_order_however_long_each_takes()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish", "Hooks:Timeout=00:00:20"));
        backend.OnCall = async (context, request) =>
        {
            await Task.Delay(request.Json.Number("content") % 2 == 0 ? 20 : 0);
            await Backend.AnswerAsync(context, """{"allow":true}""");
        };
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        for (int i = 0; i < 20; i++)
            await client.PublishAsync("a", $"{i}");

        Assert.Equal(
            Enumerable.Range(0, 20).Select(i => (long)i),
            (await client.ReceiveMessagesAsync(20)).Select(message => message.Number("content")));
    }

    [Fact]
    public async Task While_the_backend_takes_its_time_over_one_client_the_others_are_served()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish", "Hooks:Timeout=00:01:00"));
        var release = new TaskCompletionSource();
        backend.OnCall = async (context, request) =>
        {
            if (request.Json.Raw("content") == "\"slow\"")
                await Task.WhenAny(release.Task, backend.Over);
            await Backend.AnswerAsync(context, """{"allow":true}""");
        };
        var slow = new List<JsonClient>();
        for (int i = 0; i < 20; i++)
            slow.Add(await JsonClient.ConnectAsync(server));
        await using var quick = await JsonClient.ConnectAsync(server);
        await quick.SubscribeAsync("a");
        foreach (var client in slow)
            await client.PublishAsync("a", "\"slow\"", ""","id":1""");
        await Eventually.TrueAsync(() => backend.Calls.Count == 20, "the backend has all of them");

        for (int i = 0; i < 100; i++)
        {
            await quick.PublishAsync("a", $"{i}");
            Assert.Equal(i, (await quick.ReceiveAsync("message")).Number("content"));
        }
        release.SetResult();

        foreach (var client in slow)
        {
            await client.ReceiveAsync("ack");
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_publish_by_request_calls_the_backend_and_one_by_the_API_does_not()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish"));
        backend.OnCall = (context, request) => Backend.AnswerAsync(context, request.Json.Raw("content") switch
        {
            "1" => """{"allow":true,"content":"another"}""",
            "2" => """{"allow":false,"message":"not two"}""",
            "3" => """{"allow":false,"code":"rate_limited","message":"too many"}""",
            _ => "no idea",
        });
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        Assert.Equal(
            (HttpStatusCode.OK, """{"id":7,"channel":"a"}"""),
            await PostAsync(server.PublicPort, """{"channel":"a","content":1,"id":7}"""));
        Assert.Equal(
            (HttpStatusCode.Forbidden, """{"error":"forbidden","message":"not two"}"""),
            await PostAsync(server.PublicPort, """{"channel":"a","content":2}"""));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(server.PublicPort, """{"channel":"a","content":3}""")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PostAsync(server.PublicPort, """{"channel":"a","content":4}""")).Status);
        Assert.False(backend.Calls[0].Has("connection"));
        Assert.Equal(200, (await server.PostAsync("publish", """{"channel":"a","content":5}""")).Status);

        Assert.Equal("another", (await client.ReceiveAsync("message")).Text("content"));
        Assert.Equal(5, (await client.ReceiveAsync("message")).Number("content"));
        Assert.Equal(4, backend.Calls.Count);
    }
}
