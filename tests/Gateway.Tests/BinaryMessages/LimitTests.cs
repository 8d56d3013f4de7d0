using Gateway.Tests.Auth;
using Gateway.TestSupport;

namespace Gateway.Tests.BinaryMessages;

/// <summary>What bounds messages with attachments, and pieces in which they may come.</summary>
public sealed class LimitTests
{
    private const byte Binary = 2;

    [Fact]
    public async Task All_of_a_message_counts_against_the_limit()
    {
        await using var server = await GatewayServer.StartAsync("Limits:MessageBytes=1000");
        byte[] message = AttachedMessage.Of("c", "", new byte[900]);
        await using (var client = await JsonClient.ConnectAsync(server))
        {
            await client.SubscribeAsync("c");
            byte[] most = AttachedMessage.Of("c", "", new byte[900 + 1000 - message.Length]);
            Assert.Equal(1000, most.Length);
            await client.SendBytesAsync(most);
            Assert.Single((await client.ReceiveAttachedAsync()).Attachments);
        }
        await using var other = await JsonClient.ConnectAsync(server);
        await other.SendBytesAsync(AttachedMessage.Of("c", "", new byte[901 + 1000 - message.Length]));
        Assert.Equal(1009, (await other.ReceiveAsync("disconnect")).Number("code"));
    }

    [Fact]
    public async Task A_message_over_the_rate_is_refused_with_its_id()
    {
        await using var server = await GatewayServer.StartAsync(
            "Limits:MessagesPerSecond=1", "Limits:MessageBurst=1", "Limits:RateAction=reject");
        await using var client = await JsonClient.ConnectAsync(server);

        await client.SendBytesAsync(AttachedMessage.Of("c", ""","id":1""", [1]));
        await client.SendBytesAsync(AttachedMessage.Of("c", ""","id":2""", [1]));

        Assert.Equal(1, (await client.ReceiveAsync("ack")).Number("id"));
        var error = await client.ReceiveAsync("error");
        Assert.Equal(("rate_limited", 2, "c"), (error.Text("code"), error.Number("id"), error.Text("channel")));
    }

    [Fact]
    public async Task A_message_may_be_cut_anywhere_by_the_network_and_into_fragments()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(server);
        await subscriber.SubscribeAsync("c");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        byte[] message = AttachedMessage.Of("c", ""","content":[1]""", [1, 2, 3], [], [4]);
        byte[] frame = RawWebSocket.Frame(Binary, message);

        for (int cut = 1; cut < frame.Length; cut++)
        {
            await client.SendAsync(frame.AsMemory(0, cut));
            await client.SendAsync(frame.AsMemory(cut));
        }
        for (int cut = 0; cut <= message.Length; cut++)
            await client.SendAsync((byte[])[
                .. RawWebSocket.Frame(Binary, message.AsSpan(0, cut), fin: false), .. RawWebSocket.Frame(0, message.AsSpan(cut))]);

        for (int i = 0; i < frame.Length - 1 + message.Length + 1; i++)
        {
            var received = await subscriber.ReceiveAttachedAsync();
            Assert.Equal("[1]", received.Header.Raw("content"));
            Assert.Equal([[1, 2, 3], [], [4]], received.Attachments);
        }
    }

    [Fact]
    public async Task Whoever_has_to_sign_in_first_does()
    {
        await using var tokens = await TokenServer.StartAsync();
        await using var client = await JsonClient.OpenAsync(tokens.Server.WebSocketUri);
        await client.SendBytesAsync(AttachedMessage.Of("c", ""","id":1""", [1]));
        Assert.Equal("unauthorized", (await client.ReceiveAsync("error")).Text("code"));
    }
}
