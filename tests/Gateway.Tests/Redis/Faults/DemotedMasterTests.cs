using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// A master that becomes a replica while its connections stay open: it still takes what is published without history, and nothing else.
/// </summary>
public sealed class DemotedMasterTests
{
    [Fact]
    public async Task A_demoted_master_is_left_at_once_and_readiness_says_so_even_without_a_publish()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var other = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);

        await redis.FollowAsync(other);

        await node.IsNotReadyAsync();
        await redis.PromoteAsync();
        await node.IsReadyAsync();
    }

    [Fact]
    public async Task The_address_is_asked_anew_and_leads_to_the_server_that_took_over()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(first.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await client.SubscribeAsync("log:x");
        await second.FollowAsync(first);
        await second.PromoteAsync();
        await first.FollowAsync(second);

        // Open connections stay open; only those opened from now on lead to the other server.
        proxy.Redirect(second.Port, cut: false);

        await Eventually.TrueAsync(
            async () => (await client.AskAnythingAsync(Expect.Message("log:x", "1"))).Text("type") == "ack", "publishing works");
    }

    [Fact]
    public async Task A_full_server_is_not_taken_for_one()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node.Server);
        await client.SubscribeAsync("plain:x");
        await client.AskAsync(Expect.Message("log:x", "0"), "ack");
        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");

        await Expect.UnavailableAsync(client, Expect.Message("log:x", "1"));
        // Two probes, which a full server takes and a replica does not.
        await node.PassAsync(TimeSpan.FromSeconds(2));
        await Expect.UnavailableAsync(client, Expect.Message("log:x", "1"));

        await client.PublishAsync("plain:x", "2");
        Assert.Equal("2", (await client.ReceiveAsync("message")).Raw("content"));
        await node.Server.IsReadyAsync();
    }
}
