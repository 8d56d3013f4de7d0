using Gateway.Tests.Api;
using Gateway.Tests.Auth;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Subscriptions that end while they start, which takes a few round trips: nothing of them is left.</summary>
public sealed class EndedWhileStartingTests
{
    private const string Channel = "both:x";

    /// <summary>
    /// A channel whose message comes by the same pub/sub connection as the others, and so after those published before it.
    /// </summary>
    private const string Fence = "plain:fence";

    private static readonly string[] WithBoth =
        ["Namespaces:both:History=1000", "Namespaces:both:Presence=true", "Presence:TimeToLive=01:00:00"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task By_the_api(bool recovers)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address, WithBoth);
        await using var far = await Node.StartAsync(proxy.Address, WithBoth);
        await using var publisher = await JsonClient.ConnectAsync(near, "?user=publisher");
        string epoch = (await publisher.PublishManyAsync(Channel, 20)).Text("epoch");
        await using var fence = await JsonClient.ConnectAsync(far, "?user=fence");
        await fence.SubscribeAsync(Fence);
        proxy.Delay(TimeSpan.FromMilliseconds(25));

        for (int wait = 0; wait <= 300; wait += 20)
        {
            await using var client = await JsonClient.ConnectAsync(far, "?user=ann");
            string recover = recovers ? $$""","recover":{"epoch":"{{epoch}}","seq":3}""" : "";
            await client.SendAsync($$$"""{"type":"subscribe","channel":"{{{Channel}}}","id":1{{{recover}}}}""");
            // The end comes at a different part of the way each time.
            await Task.Delay(wait);
            Assert.Equal(1, (await far.PostAsync("unsubscribe", $$"""{"connection":"{{client.ConnectionId}}","channel":"{{Channel}}"}"""))
                .Json.Number("connections"));
            var follower = Follower.Start(client);
            await follower.ReceivesAsync(message => message.Text("type") == "unsubscribed", "unsubscribed");
            await publisher.AskAsync(Expect.Message(Channel, "\"after\""), "ack");
            await HasArrivedAsync(publisher, fence);
            await client.SendAsync("""{"type":"ping"}""");
            await follower.ReceivesAsync(message => message.Text("type") == "pong", "pong");

            // The request is answered, and then the end is told; nothing follows it.
            string[] heard = [.. follower.Received.Select(message => message.Text("type")).Where(type => type is not "presence")];
            Assert.Equal("subscribed", heard[0]);
            Assert.Equal(["unsubscribed", "pong"], heard[^2..]);
            Assert.All(heard[1..^2], type => Assert.Equal("message", type));
            var present = await publisher.AskAnythingAsync($$"""{"type":"presence","channel":"{{Channel}}","id":2}""");
            Assert.Equal(0, present.Number("count"));
            Assert.Equal(1, far.Channels.Count);
        }
    }

    [Fact]
    public async Task By_a_new_token()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address, WithBoth);
        await using var far = await TokenServer.StartAsync(
            [.. Node.Settings(proxy.Address, WithBoth), "Namespaces:both:Subscribe=granted"]);
        await far.Server.IsReadyAsync();
        await using var publisher = await JsonClient.ConnectAsync(near, "?user=publisher");
        await publisher.PublishManyAsync(Channel, 20);
        await using var fence = await far.ConnectAsync("fence", ""","channels":{"plain:*":["subscribe"]}""");
        await fence.SubscribeAsync(Fence);
        proxy.Delay(TimeSpan.FromMilliseconds(25));

        for (int wait = 0; wait <= 300; wait += 20)
        {
            await using var client = await far.ConnectAsync("ann", ""","channels":{"both:*":["subscribe","presence"]}""");
            var follower = Follower.Start(client);
            await client.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}","id":1}""");
            // The end comes at a different part of the way each time.
            await Task.Delay(wait);
            await client.SendAsync($$"""{"type":"refresh","id":2,"token":"{{TokenServer.Key.Token("ann", far.Now.AddHours(1))}}"}""");
            // Either the subscription had begun, and is ended, or the request is refused.
            await follower.ReceivesAsync(message => message.Text("type") is "unsubscribed" or "error", "unsubscribed, or an error");
            await publisher.AskAsync(Expect.Message(Channel, "\"after\""), "ack");
            await HasArrivedAsync(publisher, fence);
            await client.SendAsync("""{"type":"ping"}""");
            await follower.ReceivesAsync(message => message.Text("type") == "pong", "pong");

            string[] heard = [.. follower.Received.Select(message => message.Text("type")).Where(
                type => type is not ("presence" or "refreshed" or "connected"))];
            if (heard[0] == "subscribed")
                Assert.Equal(["subscribed", "unsubscribed", "pong"], heard);
            else
                Assert.Equal(["error", "pong"], heard);
            Assert.Equal("forbidden", follower.Received.Single(message => message.Has("code")).Text("code"));
            await NobodyIsPresentAsync(publisher);
            Assert.Equal(1, far.Server.Channels.Count);
        }
    }

    [Fact]
    public async Task By_the_end_of_its_connection()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address, WithBoth);
        await using var far = await Node.StartAsync(proxy.Address, WithBoth);
        await using var publisher = await JsonClient.ConnectAsync(near, "?user=publisher");
        await publisher.PublishManyAsync(Channel, 20);
        proxy.Delay(TimeSpan.FromMilliseconds(25));

        for (int wait = 0; wait <= 300; wait += 20)
        {
            await using var client = await RawWebSocket.ConnectAsync(far.PublicPort);
            await client.SendMessageAsync($$"""{"type":"subscribe","channel":"{{Channel}}","id":1}""");
            // The end comes at a different part of the way each time.
            await Task.Delay(wait);
            client.Reset();
        }

        await Eventually.TrueAsync(() => far.Connections.Count == 0 && far.Channels.Count == 0, "nothing is left");
        await NobodyIsPresentAsync(publisher);
    }

    [Fact]
    public async Task By_an_answer_that_does_not_come_in_time()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address, WithBoth);
        await using var far = await Node.StartAsync(proxy.Address, WithBoth);
        await using var publisher = await JsonClient.ConnectAsync(near, "?user=publisher");
        await using var client = await JsonClient.ConnectAsync(far, "?user=ann");
        redis.Pause();
        await client.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}","id":1}""");
        Assert.Equal("unavailable", (await client.ReceiveAsync("error")).Text("code"));
        redis.Resume();
        await far.IsReadyAsync();
        await near.IsReadyAsync();

        await publisher.AskAsync(Expect.Message(Channel, "1"), "ack");
        Assert.True(await client.HearsOnlyPongAsync());
        await NobodyIsPresentAsync(publisher);
        Assert.Equal(0, far.Channels.Count);
    }

    private static Task NobodyIsPresentAsync(JsonClient client) => Eventually.TrueAsync(
        async () => (await client.AskAnythingAsync($$"""{"type":"presence","channel":"{{Channel}}","id":3}""")).Number("count") == 0,
        "nobody is present");

    /// <summary>Waits until the far node has got everything that was published before.</summary>
    private static async Task HasArrivedAsync(JsonClient publisher, JsonClient fence)
    {
        await publisher.AskAsync(Expect.Message(Fence, "1"), "ack");
        await fence.ReceiveAsync("message");
    }
}
