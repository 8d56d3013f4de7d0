using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

/// <summary>Recovery while messages keep coming, without a seam between the old ones and the new ones.</summary>
public sealed class RecoveryUnderLoadTests
{
    private const string Channel = "deep:a";

    [Fact]
    public async Task A_recovery_while_another_publishes_at_full_speed_gets_every_seq_exactly_once()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:deep:History=100000");
        await using var publisher = await JsonClient.ConnectAsync(server);
        string epoch = (await publisher.PublishManyAsync(Channel, 1)).Text("epoch");
        using var stop = new CancellationTokenSource();
        var publishing = PublishUntilAsync(publisher, stop.Token);

        for (int round = 0; round < 60; round++)
        {
            await using var client = await JsonClient.ConnectAsync(server);
            long from = (await client.SubscribeAsync(Channel)).Number("seq");
            await AssertFollowsAsync(client, from, 20);
            await client.SendAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}"}""");
            await client.ReceiveUntilAsync(message => message.Text("type") == "unsubscribed");

            // Alternately from where the client just was and from further back, which takes several pages.
            long back = round % 2 == 0 ? from : Math.Max(0, from - 1000);
            Assert.True((await client.RecoverAsync(Channel, epoch, back)).GetProperty("recovered").GetBoolean());
            await AssertFollowsAsync(client, back, (int)(from - back) + 100);
        }
        await stop.CancelAsync();
        await publishing;
    }

    [Fact]
    public async Task A_failed_recovery_continues_from_the_seq_of_subscribed_without_a_gap()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:deep:History=10");
        await using var publisher = await JsonClient.ConnectAsync(server);
        using var stop = new CancellationTokenSource();
        var publishing = PublishUntilAsync(publisher, stop.Token);
        await using var client = await JsonClient.ConnectAsync(server);

        for (int round = 0; round < 200; round++)
        {
            var subscribed = await client.RecoverAsync(Channel, "another", 3);
            Assert.False(subscribed.GetProperty("recovered").GetBoolean());
            await AssertFollowsAsync(client, subscribed.Number("seq"), 5);
            await client.SendAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}"}""");
            await client.ReceiveUntilAsync(message => message.Text("type") == "unsubscribed");
        }
        await stop.CancelAsync();
        await publishing;
    }

    [Fact]
    public async Task A_client_that_reads_slowly_recovers_more_than_its_outbound_queue_may_hold()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:deep:History=1000", "Limits:OutboundBytes=65536");
        await using var publisher = await JsonClient.ConnectAsync(server);
        string content = "\"" + new string('x', 40_000) + "\"";
        for (int i = 0; i < 200; i++)
            await publisher.PublishAsync(Channel, content);
        string epoch = (await publisher.PublishManyAsync(Channel, 1)).Text("epoch");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, receiveBuffer: 4096);
        await client.SendMessageAsync($$$"""{"type":"subscribe","channel":"{{{Channel}}}","recover":{"epoch":"{{{epoch}}}","seq":0}}""");

        // Nothing is read until the server has filled every buffer on the way.
        var writer = server.Connections.All().Single(connection => connection.Id.ToString() != publisher.ConnectionId).Writer;
        await Eventually.TrueAsync(() => writer.IsBlocked, "the client's writer is full");
        await publisher.PublishManyAsync(Channel, 1);

        Assert.Equal("connected", (await client.ReadMessageAsync()).Text("type"));
        Assert.True((await client.ReadMessageAsync()).GetProperty("recovered").GetBoolean());
        for (int seq = 1; seq <= 202; seq++)
        {
            Assert.InRange(writer.QueuedBytes, 0, 65_536 + 2 * 45_000);
            Assert.Equal(seq, (await client.ReadMessageAsync()).Number("seq"));
        }
    }

    private static async Task AssertFollowsAsync(JsonClient client, long seq, int messages)
    {
        foreach (long next in (await client.ReceiveMessagesAsync(messages)).Seqs())
            Assert.Equal(++seq, next);
    }

    /// <summary>
    /// Publishes at full speed, but never so far ahead that the test's own reading, which waits for nothing else, falls behind for good.
    /// </summary>
    private static async Task PublishUntilAsync(JsonClient publisher, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
            await publisher.PublishManyAsync(Channel, 50);
    }
}
