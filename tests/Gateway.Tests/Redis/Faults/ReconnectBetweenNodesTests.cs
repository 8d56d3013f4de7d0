using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

public sealed class ReconnectBetweenNodesTests
{
    private const string Channel = "log:x";
    private const int Rounds = 100;

    [Fact]
    public async Task Whoever_changes_between_nodes_a_hundred_times_sees_every_seq_once_and_in_order_or_is_told_otherwise()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var publisherA = await JsonClient.ConnectAsync(a);
        await using var publisherB = await JsonClient.ConnectAsync(b);
        var position = await publisherA.PublishManyAsync(Channel, 1);
        string epoch = position.Text("epoch");
        long seq = 1;
        int recoveries = 0;
        using var stop = new CancellationTokenSource();
        var publishing = Task.WhenAll(PublishUntilAsync(publisherA, stop.Token), PublishUntilAsync(publisherB, stop.Token));

        for (int round = 0; round < Rounds; round++)
        {
            await using var client = await JsonClient.ConnectAsync(round % 2 == 0 ? a : b);
            var subscribed = await client.RecoverAsync(Channel, epoch, seq);
            Assert.Equal(epoch, subscribed.Text("epoch"));
            long top = subscribed.Number("seq");
            if (subscribed.GetProperty("recovered").GetBoolean())
            {
                recoveries++;
            }
            else
            {
                Assert.True(top - seq > Node.Kept, $"{seq} is not recovered at {top}, although {Node.Kept} are kept");
                seq = top;
            }
            while (seq < top + 20)
                Assert.Equal(++seq, (await client.ReceiveAsync("message")).Number("seq"));
            // Half of them vanish without a word.
            if (round % 4 < 2)
                client.Socket.Abort();
        }

        await stop.CancelAsync();
        await publishing;
        Assert.NotEqual(0, recoveries);
    }

    /// <summary>At full speed, but never so far ahead of the test's own reading that it falls behind for good.</summary>
    private static async Task PublishUntilAsync(JsonClient publisher, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
            await publisher.PublishManyAsync(Channel, 50);
    }
}
