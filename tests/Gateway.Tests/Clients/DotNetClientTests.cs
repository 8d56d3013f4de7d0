using System.Net.WebSockets;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Clients;

/// <summary>The platform's own <see cref="ClientWebSocket"/>, which .NET programs use.</summary>
public sealed class DotNetClientTests
{
    [Fact]
    public async Task A_whole_session_works()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:chat:History=100", "Namespaces:room:Presence=true");
        await using var alice = await JsonClient.ConnectAsync(server);
        await using var bob = await JsonClient.ConnectAsync(server);
        Assert.Equal("gateway.v1.json", alice.Socket.SubProtocol);
        Assert.Equal("anonymous-" + alice.ConnectionId, alice.User);

        var start = await alice.SubscribeAsync("chat:1");
        string epoch = start.GetProperty("epoch").GetString()!;
        Assert.Equal(0, Seq(start));
        await bob.SubscribeAsync("chat:1");

        var ack = await alice.AskAsync("""{"type":"message","channel":"chat:1","content":{"n":1},"id":"m1","echo":false}""", "ack");
        Assert.Equal("m1", ack.GetProperty("id").GetString());
        Assert.Equal(1, Seq(ack));
        var message = await bob.ReceiveAsync("message");
        Assert.Equal("""{"n":1}""", message.GetProperty("content").GetRawText());
        Assert.Equal(alice.User, message.GetProperty("sender").GetString());

        var history = await bob.AskAsync("""{"type":"history","channel":"chat:1"}""", "history");
        Assert.Equal(message.GetRawText(), Assert.Single(history.GetProperty("messages").EnumerateArray()).GetRawText());

        await bob.AskAsync("""{"type":"unsubscribe","channel":"chat:1"}""", "unsubscribed");
        await alice.AskAsync("""{"type":"message","channel":"chat:1","content":2,"id":"m2","echo":false}""", "ack");
        var recovered = await bob.AskAsync(
            $$$"""{"type":"subscribe","channel":"chat:1","recover":{"epoch":"{{{epoch}}}","seq":1}}""", "subscribed");
        Assert.True(recovered.GetProperty("recovered").GetBoolean());
        Assert.Equal(2, Seq(await bob.ReceiveAsync("message")));

        await alice.SubscribeAsync("room:1");
        var room = await bob.SubscribeAsync("room:1");
        Assert.Equal([alice.User, bob.User], room.GetProperty("users").EnumerateArray().Select(user => user.GetString()!));
        Assert.Contains(
            bob.User, (await alice.ReceiveAsync("presence")).GetProperty("joined").EnumerateArray().Select(user => user.GetString()));

        Assert.Equal(
            "forbidden",
            (await bob.AskAsync("""{"type":"subscribe","channel":"user:somebody"}""", "error")).GetProperty("code").GetString());
        Assert.Equal(3, (await bob.AskAsync("""{"type":"ping","id":3}""", "pong")).GetProperty("id").GetInt32());

        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await bob.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", deadline.Token);
        Assert.Equal((WebSocketCloseStatus.NormalClosure, "bye"), (bob.Socket.CloseStatus!.Value, bob.Socket.CloseStatusDescription));
    }

    public static TheoryData<WebSocketDeflateOptions> DeflateOptions() =>
    [
        new WebSocketDeflateOptions(),
        new WebSocketDeflateOptions { ClientContextTakeover = false, ServerContextTakeover = false },
        new WebSocketDeflateOptions { ClientMaxWindowBits = 9, ServerMaxWindowBits = 9 },
        new WebSocketDeflateOptions { ClientMaxWindowBits = 12, ServerMaxWindowBits = 13 },
    ];

    [Theory]
    [MemberData(nameof(DeflateOptions))]
    public async Task Compression_works_with_whatever_the_client_asks_for(WebSocketDeflateOptions options)
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Limits:MessageBytes=1000000");
        using var measured = new Measurements(server);
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        using var socket = new ClientWebSocket();
        socket.Options.DangerousDeflateOptions = options;

        await socket.ConnectAsync(server.EchoUri, deadline.Token);

        var random = new Random(1);
        foreach (int bytes in new[] { 0, 1, 511, 512, 10_000, 70_000, 1_000_000 })
        {
            // Half of it compresses.
            byte[] sent = new byte[bytes], received = new byte[bytes + 1];
            random.NextBytes(sent.AsSpan(bytes / 2));
            await socket.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, deadline.Token);
            int count = 0;
            for (WebSocketReceiveResult? part = null; part is not { EndOfMessage: true }; count += part.Count)
                part = await socket.ReceiveAsync(new ArraySegment<byte>(received, count, received.Length - count), deadline.Token);
            Assert.Equal(sent, received[..count]);
        }
        Assert.Equal(1_081_024, measured["gateway.inflate.output"]);
        Assert.InRange(measured["gateway.deflate.output"], 500_000, 600_000);
    }

    private static long Seq(JsonElement message) => message.GetProperty("seq").GetInt64();
}
