using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

/// <summary>
/// A subscriber that stops reading while others publish megabytes. The others notice nothing, and the subscriber gets what its namespace
/// promises.
/// </summary>
public sealed class SlowConsumerTests
{
    private const int Limit = 100_000;
    private const int Messages = 1_500;
    private const int Bytes = 5_000;

    [Fact]
    public async Task Disconnect_tells_the_client_when_it_reads_again_and_closes_with_4008()
    {
        await using var server = await GatewayServer.StartAsync($"Limits:OutboundBytes={Limit}");
        await using var stalled = await Stalled.StartAsync(server, "a");
        await FloodAsync(server, stalled, "a");

        Assert.True(stalled.Connection.IsClosing);
        var received = await stalled.ReadThroughAsync(message => message.Text("type") == "disconnect");
        var close = await stalled.Socket.ReadUntilCloseAsync();

        Assert.Equal(4008, received[^1].Number("code"));
        Assert.True(received[^1].GetProperty("reconnect").GetBoolean());
        Assert.Equal(4008, close!.CloseCode);
        AssertOrder(received[..^1]);
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "nothing is left of any connection");
    }

    [Fact]
    public async Task Drop_oldest_leaves_gaps_but_only_whole_messages_in_order_up_to_the_newest()
    {
        await using var server = await GatewayServer.StartAsync(
            $"Limits:OutboundBytes={Limit}", "Namespaces:drop:SlowConsumer=drop-oldest");
        await using var stalled = await Stalled.StartAsync(server, "drop:a");
        await FloodAsync(server, stalled, "drop:a");

        var received = await stalled.ReadThroughAsync(message => Content(message) == Messages - 1);

        AssertOrder(received);
        Assert.True(received.Count < Messages);
        // The queue's last messages are the newest, one after the other.
        Assert.Equal(Enumerable.Range(Messages - 15, 15).Select(n => (long)n), received.TakeLast(15).Select(Content));
        Assert.False(stalled.Connection.IsClosing);
        await AssertAliveAsync(stalled);
    }

    [Fact]
    public async Task Latest_ends_with_the_newest_message_of_every_channel()
    {
        await using var server = await GatewayServer.StartAsync($"Limits:OutboundBytes={Limit}", "Namespaces:tick:SlowConsumer=latest");
        string[] channels = ["tick:a", "tick:b", "tick:c"];
        await using var stalled = await Stalled.StartAsync(server, channels);
        await FloodAsync(server, stalled, channels);

        var newest = channels.ToDictionary(channel => channel, _ => -1L);
        var received = await stalled.ReadThroughAsync(message =>
        {
            Assert.True(Content(message) > newest[message.Text("channel")]);
            newest[message.Text("channel")] = Content(message);
            return newest.Values.All(n => n >= Messages - channels.Length);
        });

        Assert.True(received.Count < Messages);
        await AssertAliveAsync(stalled);
    }

    [Theory]
    [InlineData("drop-oldest")]
    [InlineData("latest")]
    public async Task With_history_the_subscription_ends_and_recovering_brings_everything_still_kept(string policy)
    {
        await using var server = await GatewayServer.StartAsync(
            $"Limits:OutboundBytes={Limit}", $"Namespaces:log:SlowConsumer={policy}", "Namespaces:log:History=2000");
        await using var stalled = await Stalled.StartAsync(server, "log:a");
        await FloodAsync(server, stalled, "log:a");

        var received = await stalled.ReadThroughAsync(message => message.Text("type") == "unsubscribed");
        Assert.Equal(("insufficient_state", "log:a"), (received[^1].Text("code"), received[^1].Text("channel")));
        received.RemoveAt(received.Count - 1);
        Assert.Equal(Enumerable.Range(1, received.Count).Select(seq => (long)seq), received.Seqs());

        string epoch = await EpochAsync(server);
        await stalled.Socket.SendMessageAsync(
            $$$"""{"type":"subscribe","channel":"log:a","recover":{"epoch":"{{{epoch}}}","seq":{{{received.Count}}}}}""");
        Assert.True((await stalled.Socket.ReadMessageAsync()).GetProperty("recovered").GetBoolean());
        for (int seq = received.Count + 1; seq <= Messages; seq++)
            Assert.Equal(seq, (await stalled.Socket.ReadMessageAsync()).Number("seq"));
        await AssertAliveAsync(stalled);
    }

    [Fact]
    public async Task With_history_and_disconnect_nothing_is_lost_for_whoever_comes_back()
    {
        await using var server = await GatewayServer.StartAsync($"Limits:OutboundBytes={Limit}", "Namespaces:log:History=2000");
        await using var stalled = await Stalled.StartAsync(server, "log:a");
        await FloodAsync(server, stalled, "log:a");
        var received = await stalled.ReadThroughAsync(message => message.Text("type") == "disconnect");
        long last = received.Count > 1 ? received[^2].Number("seq") : 0;
        AssertOrder(received[..^1]);

        await using var back = await JsonClient.ConnectAsync(server);
        Assert.True((await back.RecoverAsync("log:a", await EpochAsync(server), last)).GetProperty("recovered").GetBoolean());
        for (long seq = last + 1; seq <= Messages; seq++)
            Assert.Equal(seq, (await back.ReceiveAsync("message")).Number("seq"));
    }

    [Fact]
    public async Task A_message_larger_than_the_queue_still_reaches_a_client_that_reads()
    {
        await using var server = await GatewayServer.StartAsync("Limits:OutboundBytes=1024", "Limits:MessageBytes=1000000");
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        string content = "\"" + new string('x', 900_000) + "\"";

        await client.PublishAsync("a", content);

        Assert.Equal(content, (await client.ReceiveAsync("message")).Raw("content"));
    }

    /// <summary>Publishes <see cref="Messages"/> in all, in turn to each channel, while a healthy subscriber receives every one.</summary>
    private static async Task FloodAsync(GatewayServer server, Stalled stalled, params string[] channels)
    {
        await using var publisher = await JsonClient.ConnectAsync(server);
        await using var healthy = await JsonClient.ConnectAsync(server);
        foreach (string channel in channels)
            await healthy.SubscribeAsync(channel);
        await stalled.EndureAsync(publisher, healthy, channels, Messages, Bytes, Limit);
    }

    private static async Task<string> EpochAsync(GatewayServer server)
    {
        await using var client = await JsonClient.ConnectAsync(server);
        return (await client.AskAsync("""{"type":"history","channel":"log:a","limit":1}""", "history")).Text("epoch");
    }

    private static async Task AssertAliveAsync(Stalled stalled)
    {
        await stalled.Socket.SendMessageAsync("""{"type":"ping","id":"alive"}""");
        Assert.Equal("alive", (await stalled.Socket.ReadUntilAsync(message => message.Text("type") == "pong")).Text("id"));
    }

    private static void AssertOrder(IEnumerable<JsonElement> messages)
    {
        long[] contents = [.. messages.Select(Content)];
        Assert.Equal(contents.Distinct().Order(), contents);
    }

    private static long Content(JsonElement message) => message.GetProperty("content").Number("n");
}
