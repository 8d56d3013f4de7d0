using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

/// <summary>
/// Publishing to many channels at once: the messages share calls to Redis, and each channel keeps its own order and result.
/// </summary>
public sealed class ManyChannelsTests
{
    private const int Rounds = 50;

    private static readonly string[] Channels =
        [.. Enumerable.Range(0, 10).Select(i => $"log:{i}"), .. Enumerable.Range(0, 10).Select(i => $"plain:{i}"), "log:bad"];

    [Fact]
    public async Task Each_keeps_its_order_and_an_error_of_one_is_none_of_the_others()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var publisher = await JsonClient.ConnectAsync(node);
        await using var subscriber = await JsonClient.ConnectAsync(node);
        foreach (string channel in Channels)
            await subscriber.SubscribeAsync(channel);
        // Not a stream.
        await redis.CommandAsync("SET", "gateway:h:{log:bad}", "x");
        var heard = Follower.Start(subscriber);
        var answered = Follower.Start(publisher);

        for (int round = 0; round < Rounds; round++)
        {
            foreach (string channel in Channels)
            {
                // Some with a key, twice: the second time it is not published again.
                string key = round % 10 == 0 ? ""","key":"k" """ : "";
                await publisher.SendAsync($$"""{"type":"message","channel":"{{channel}}","content":{{round}},"id":1{{key}}}""");
            }
        }

        await Eventually.TrueAsync(
            () => answered.All("ack").Count + answered.All("error").Count == Rounds * Channels.Length, "all are answered");
        Assert.All(answered.All("error"), error => Assert.Equal(("log:bad", "unavailable"), (error.Text("channel"), error.Text("code"))));
        Assert.Equal(Rounds, answered.All("error").Count);
        var expected = Enumerable.Range(0, Rounds).Where(round => round % 10 != 0 || round == 0).Select(round => (long)round).ToList();
        await Eventually.TrueAsync(() => heard.All("message").Count >= expected.Count * (Channels.Length - 1), "all are heard");
        foreach (string channel in Channels.Except(["log:bad"]))
            Assert.Equal(expected, heard.All("message").Where(message => message.Text("channel") == channel).Select(
                message => message.Number("content")));
        int calls = await redis.CallsAsync("evalsha") + await redis.CallsAsync("publish");
        Assert.True(calls < Rounds * Channels.Length, $"{calls} calls");
    }
}
