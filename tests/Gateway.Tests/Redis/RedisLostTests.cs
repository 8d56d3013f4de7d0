using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

public sealed class RedisLostTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restart_of_redis_is_survived_or_reported(bool keepData)
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

    [Fact]
    public async Task A_redis_that_does_not_answer_is_noticed_and_publishes_do_not_hang()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        await using var publisher = await JsonClient.ConnectAsync(nodes.A);
        await subscriber.SubscribeAsync("h:room");

        nodes.Redis.Pause();
        await publisher.PublishAsync("h:room", "0", ""","id":1 """);
        Assert.Equal("unconfirmed", (await publisher.ReceiveAsync("error")).Text("code"));
        await Eventually.TrueAsync(() => TwoNodes.Problem(nodes.B) is not null, "the silence is noticed");
        nodes.Redis.Resume();
        await nodes.ReadyAsync();
        await publisher.PublishAsync("h:room", "1");

        await subscriber.ReceiveUntilAsync(message => message.Raw("content") == "1");
    }

    [Fact]
    public async Task Flushing_everything_is_reported()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        await using var publisher = await JsonClient.ConnectAsync(nodes.A);
        await subscriber.SubscribeAsync("h:room");
        await publisher.PublishManyAsync("h:room", 5);
        await subscriber.ReceiveMessagesAsync(5);

        await nodes.Redis.FlushAllAsync();
        await using var other = await JsonClient.ConnectAsync(nodes.B);

        Assert.Equal(0, (await other.SubscribeAsync("h:room")).Number("seq"));
        Assert.Equal("insufficient_state", (await subscriber.ReceiveAsync("unsubscribed")).Text("code"));
    }
}
