using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

public sealed class RedisLostTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restart_of_redis_is_survived_or_told(bool keepData)
    {
        await using var nodes = await TwoNodes.StartAsync(persistent: true);
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        await using var publisher = await JsonClient.ConnectAsync(nodes.A);
        await subscriber.SubscribeAsync("h:room");
        await publisher.PublishManyAsync("h:room", 5);
        await subscriber.ReceiveMessagesAsync(5);

        nodes.Redis.Kill();
        await Eventually.TrueAsync(() => TwoNodes.Problem(nodes.A) is not null, "Redis is missed");
        await publisher.PublishAsync("h:room", "0", ""","id":1 """);
        Assert.Equal("unavailable", (await publisher.ReceiveAsync("error")).Text("code"));
        await nodes.Redis.RestartAsync(keepData);
        await nodes.ReadyAsync();
        await publisher.PublishManyAsync("h:room", 1, first: 6);

        var next = await subscriber.ReceiveAsync();
        if (keepData)
            Assert.Equal(6, next.Number("seq"));
        else
            Assert.Equal("insufficient_state", next.Text("code"));
    }
}
