using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Redis;

/// <summary>Servers that speak Redis's protocol and cannot do what the gateway needs, as in scaling under "What Redis has to be".</summary>
public sealed class UnusableServerTests
{
    [Theory]
    [InlineData(true, "it has no streams (ERR ")]
    [InlineData(true, "scripts there calculate wrong numbers (struct.pack)")]
    [InlineData(false, "it runs no scripts (ERR ")]
    public async Task A_node_that_is_given_garnet_does_not_start_and_says_why(bool lua, string reason)
    {
        await using var garnet = await GarnetServer.StartAsync(lua: lua);
        await using var node = GatewayProcess.Launch(new GatewayLaunch { Settings = [$"Redis:Addresses={garnet.Address}"] });

        Assert.Equal(1, await node.ExitAsync());
        Assert.StartsWith($"Redis at {garnet.Address} is refused: it is Garnet 2.2.8, and of no use to the gateway: ", node.Errors);
        Assert.Contains(reason, node.Errors);
        Assert.DoesNotContain("   at ", node.Errors);
        Assert.DoesNotContain("clients", node.Output);
    }

    [Fact]
    public async Task Garnet_in_the_place_of_a_redis_is_sent_nothing_of_a_client_and_is_named_to_the_operator()
    {
        await using var redis = await RedisServer.StartAsync();
        var log = new RecordedLog();
        await using var node = await GatewayServer.StartAsync(Node.Settings(redis.Address), services =>
            services.AddSingleton<ILoggerProvider>(log));
        await node.IsReadyAsync();
        await using var client = await JsonClient.ConnectAsync(node);
        await client.SubscribeAsync("plain:x");
        redis.Kill();
        await node.IsNotReadyAsync();

        await using (var garnet = await GarnetServer.StartAsync(redis.Port))
        {
            await Eventually.TrueAsync(
                async () => (await ReadyAsync(node.InternalPort)).Contains("Garnet 2.2.8", StringComparison.Ordinal), "readiness names it");
            Assert.StartsWith(
                $"no connection to Redis at {garnet.Address} (it is Garnet 2.2.8, and of no use", await ReadyAsync(node.InternalPort));
            Assert.Equal("the backplane is out of reach", await ReadyAsync(node.PublicPort));
            await Expect.UnavailableAsync(client, Expect.Message("plain:x", "1"));
            await Expect.UnavailableAsync(client, Expect.Message("log:x", "1"));
            Assert.Equal("0", await garnet.CommandAsync("DBSIZE"));
            Assert.Equal("", await garnet.CommandAsync("PUBSUB", "CHANNELS"));
            Assert.Single(log.Lines, line => line.Event == 127 && line.Level == LogLevel.Error && line.Text.Contains(
                "Garnet 2.2.8", StringComparison.Ordinal));
        }

        await redis.RestartAsync(keepData: false);
        await node.IsReadyAsync();
        Assert.Equal("ack", (await client.AskAnythingAsync(Expect.Message("plain:x", "2"))).Text("type"));
    }

    [Fact]
    public async Task A_user_of_redis_without_the_right_to_publish_is_reported_at_the_start()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("ACL", "SETUSER", "mute", "on", ">hunter2", "~*", "&*", "+@all", "-publish");
        await using var node = GatewayProcess.Launch(
            new GatewayLaunch { Settings = [$"Redis:Addresses={redis.Address},user=mute,password=hunter2"] });

        Assert.Equal(1, await node.ExitAsync());
        Assert.Contains("it is Redis ", node.Errors);
        Assert.Contains("scripts may not publish there (", node.Errors);
        Assert.DoesNotContain("hunter2", node.Errors + node.Output);
    }

    [Fact]
    public async Task A_redis_that_is_full_or_read_only_is_not_taken_for_one()
    {
        await using var master = await RedisServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        await using var node = await Node.StartAsync(redis.Address);

        await redis.FollowAsync(master);
        await node.IsNotReadyAsync();
        Assert.Equal("no connection to Redis at " + redis.Address, await ReadyAsync(node.InternalPort));
        await using var late = await Node.LaunchAsync(redis.Address);
        await redis.PromoteAsync();
        await node.IsReadyAsync();
        await late.IsReadyAsync();
        Assert.Equal("0", await redis.CommandAsync("DBSIZE"));
    }

    private static async Task<string> ReadyAsync(int port)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(port);
        await client.SendTextAsync(Get("/health/ready"));
        return (await client.ReadReplyAsync()).Json("reason")!;
    }
}
