using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class RecoveryTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    /// <summary>The number of messages that the namespace <c>log</c> keeps.</summary>
    private const int Kept = 20;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(Kept)]
    public async Task All_that_was_missed_comes_in_order_before_anything_newer(int missed)
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();
        var left = await publisher.PublishManyAsync(channel, 5);
        if (missed > 0)
            await publisher.PublishManyAsync(channel, missed, first: 6);
        await using var client = await gateway.ConnectAsync();

        var subscribed = await client.RecoverAsync(channel, left.Text("epoch"), 5);
        await publisher.PublishManyAsync(channel, 1, first: 6 + missed);

        Assert.True(subscribed.GetProperty("recovered").GetBoolean());
        Assert.Equal((left.Text("epoch"), 5 + missed), (subscribed.Text("epoch"), subscribed.Number("seq")));
        var messages = await client.ReceiveMessagesAsync(missed + 1);
        Assert.Equal(Enumerable.Range(6, missed + 1).Select(seq => (long)seq), messages.Seqs());
        Assert.Equal(messages.Seqs(), messages.Select(message => message.Number("content")));
    }

    [Fact]
    public async Task Recovered_messages_are_those_that_others_received()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync("?user=ann");
        string epoch = (await publisher.SubscribeAsync(channel)).Text("epoch");
        await publisher.PublishAsync(channel, "{ \"x\": \"é\\u00e9\" }");
        var original = await publisher.ReceiveAsync("message");
        await using var client = await gateway.ConnectAsync();

        await client.RecoverAsync(channel, epoch, 0);

        Assert.Equal(original.GetRawText(), (await client.ReceiveAsync("message")).GetRawText());
    }

    [Fact]
    public async Task One_message_more_than_is_kept_is_not_recovered()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();
        var left = await publisher.PublishManyAsync(channel, 5);
        await publisher.PublishManyAsync(channel, Kept + 1);

        await AssertStartsOverAsync(channel, left.Text("epoch"), 5, now: 5 + Kept + 1);
    }

    [Fact]
    public async Task A_position_of_another_epoch_is_not_recovered()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();
        await publisher.PublishManyAsync(channel, 5);

        await AssertStartsOverAsync(channel, "another", 3, now: 5);
        await AssertStartsOverAsync(channel, "", 5, now: 6);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(long.MaxValue)]
    public async Task A_position_ahead_of_the_channel_is_not_recovered(long seq)
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();
        string epoch = (await publisher.PublishManyAsync(channel, 5)).Text("epoch");

        await AssertStartsOverAsync(channel, epoch, seq, now: 5);
    }

    [Fact]
    public async Task Messages_out_of_their_time_are_not_recovered_but_a_position_that_missed_nothing_is()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:brief:History=10", "Namespaces:brief:HistoryTtl=00:00:00.1");
        await using var client = await JsonClient.ConnectAsync(server);
        string epoch = (await client.PublishManyAsync("brief:a", 5)).Text("epoch");
        const string Ask = """{"type":"history","channel":"brief:a"}""";
        await Eventually.TrueAsync(
            async () => (await client.AskAsync(Ask, "history")).GetProperty("messages").GetArrayLength() == 0,
            "no message is kept any more");

        Assert.False((await client.RecoverAsync("brief:a", epoch, 4)).GetProperty("recovered").GetBoolean());
        Assert.True((await client.RecoverAsync("brief:a", epoch, 5)).GetProperty("recovered").GetBoolean());
    }

    [Fact]
    public async Task Where_there_is_no_history_nothing_is_recovered_and_messages_flow()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();

        var subscribed = await client.RecoverAsync(channel, "e", 3);

        Assert.False(subscribed.GetProperty("recovered").GetBoolean());
        Assert.False(subscribed.Has("epoch") || subscribed.Has("seq"));
        await client.PublishAsync(channel, "1");
        await client.ReceiveAsync("message");
    }

    [Fact]
    public async Task More_than_one_page_of_messages_is_recovered()
    {
        string channel = SharedGateway.NewChannel("deep");
        await using var publisher = await gateway.ConnectAsync();
        string epoch = (await publisher.PublishManyAsync(channel, 3000)).Text("epoch");
        await using var client = await gateway.ConnectAsync();

        await client.RecoverAsync(channel, epoch, 0);
        await publisher.PublishManyAsync(channel, 1, first: 3001);

        Assert.Equal(Enumerable.Range(1, 3001).Select(seq => (long)seq), (await client.ReceiveMessagesAsync(3001)).Seqs());
    }

    [Fact]
    public async Task Subscribing_again_with_recover_starts_over_from_there_and_doubles_nothing_afterwards()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();
        string epoch = (await publisher.PublishManyAsync(channel, 9)).Text("epoch");
        await using var client = await gateway.ConnectAsync();
        await client.SubscribeAsync(channel);

        await client.RecoverAsync(channel, epoch, 6);
        await publisher.PublishManyAsync(channel, 2, first: 10);

        Assert.Equal([7, 8, 9, 10, 11], (await client.ReceiveMessagesAsync(5)).Seqs());
        Assert.True(await client.HearsOnlyPongAsync());
    }

    /// <summary>Asserts that a client gets <c>recovered: false</c>, no old message, and then every message after <c>seq</c>.</summary>
    private async Task AssertStartsOverAsync(string channel, string epoch, long seq, long now)
    {
        await using var publisher = await gateway.ConnectAsync();
        await using var client = await gateway.ConnectAsync();

        JsonElement subscribed = await client.RecoverAsync(channel, epoch, seq);
        await publisher.PublishManyAsync(channel, 1);

        Assert.False(subscribed.GetProperty("recovered").GetBoolean());
        Assert.Equal(now, subscribed.Number("seq"));
        Assert.Equal(now + 1, (await client.ReceiveAsync("message")).Number("seq"));
    }
}
