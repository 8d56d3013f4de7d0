using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Two independent Redis servers that share the channels.</summary>
public sealed class SeveralServersTests
{
    [Fact]
    public async Task Channels_are_shared_out_and_one_server_down_affects_only_its_own()
    {
        await using var first = await RedisServer.StartAsync(persistent: true);
        await using var second = await RedisServer.StartAsync();
        string addresses = first.Address + ";" + second.Address;
        await using var a = await Node.StartAsync(addresses);
        await using var b = await Node.StartAsync(addresses);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await using var subscriber = await JsonClient.ConnectAsync(b);
        var onFirst = new List<string>();
        var onSecond = new List<string>();
        // A letter after the number: no name is part of another.
        foreach (string channel in Enumerable.Range(0, 32).Select(i => $"log:{i}z"))
        {
            await subscriber.SubscribeAsync(channel);
            var owners = (await first.SubscribersAsync(channel), await second.SubscribersAsync(channel));
            Assert.True(owners is (1, 0) or (0, 1), $"{channel} is subscribed to at {owners}");
            (owners is (1, 0) ? onFirst : onSecond).Add(channel);
        }
        Assert.True(onFirst.Count >= 4 && onSecond.Count >= 4, $"{onFirst.Count} and {onSecond.Count} channels");

        first.Kill();

        foreach (string channel in onFirst.Take(2))
            await Expect.NotAcceptedAsync(publisher, Expect.Message(channel, "0"));
        foreach (string channel in onSecond)
        {
            await publisher.AskAsync(Expect.Message(channel, "1"), "ack");
            Assert.Equal((channel, 1), Place(await subscriber.ReceiveAsync("message")));
        }

        // New clients can still be sent to this node; its readiness names the server that is away.
        using var http = new HttpClient();
        var health = new Uri($"http://127.0.0.1:{b.InternalPort}/health/ready");
        await Eventually.TrueAsync(async () => await http.GetStringAsync(health) is var body
            && body.Contains("\"ready\"", StringComparison.Ordinal) && body.Contains(first.Address, StringComparison.Ordinal),
                "the node is ready, and names the server that is away");

        await first.RestartAsync(keepData: true);
        foreach (string channel in onFirst)
        {
            string again = $$"""{"type":"message","channel":"{{channel}}","content":2,"key":"k","id":2}""";
            await Eventually.TrueAsync(
                async () => (await publisher.AskAnythingAsync(again)).Text("type") == "ack", $"{channel} is published to again");
            Assert.Equal((channel, 1), Place(await subscriber.ReceiveAsync("message")));
        }

        static (string, long) Place(System.Text.Json.JsonElement message) => (message.Text("channel"), message.Number("seq"));
    }
}
