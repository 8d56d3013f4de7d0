using System.Globalization;
using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Redis.Reaching;

/// <summary>
/// A service whose master the sentinels know, as in scaling under "Reaching Redis" and "When Redis loses its last writes".
/// </summary>
public sealed class SentinelTests : IDisposable
{
    private const int Away = 123;
    private const string Service = "Redis:Sentinel=" + RedisSentinels.Service;

    private readonly RecordedLog _log = new();

    [Fact]
    public async Task A_master_that_is_killed_is_followed_and_what_its_replica_lacked_is_told()
    {
        await using var redis = await RedisSentinels.StartAsync();
        await using var pair = await NodePair.StartAsync(redis.Addresses, Service);
        await pair.DoEverythingAsync();
        await using var client = await JsonClient.ConnectAsync(pair.A);
        await using var publisher = await JsonClient.ConnectAsync(pair.B);
        string epoch = (await client.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 10);
        await client.ReceiveMessagesAsync(10);
        Assert.Equal("1", await redis.First.CommandAsync("WAIT", "1", "5000"));
        await redis.HoldReplicaBackAsync();
        await publisher.PublishManyAsync("log:x", 5, first: 11);
        await client.ReceiveMessagesAsync(5);

        await redis.KillMasterAsync();
        Assert.Equal("10", await redis.Second.CommandAsync("XLEN", "gateway:h:{log:x}"));
        await redis.TakesOverAsync();
        Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        await pair.A.IsReadyAsync();
        await pair.B.IsReadyAsync();

        await publisher.PublishManyAsync("log:x", 8, first: 101);
        foreach (var node in new[] { pair.A, pair.B })
        {
            await using var recovering = await JsonClient.ConnectAsync(node);
            var lost = await recovering.RecoverAsync("log:x", epoch, 15);
            Assert.False(lost.GetProperty("recovered").GetBoolean());
            Assert.NotEqual(epoch, lost.Text("epoch"));
        }
        await using var behind = await JsonClient.ConnectAsync(pair.A);
        Assert.True((await behind.RecoverAsync("log:x", epoch, 10)).GetProperty("recovered").GetBoolean());
        var rest = (await behind.ReceiveMessagesAsync(8)).Select(message => message.Raw("content"));
        Assert.Equal(Enumerable.Range(101, 8).Select(i => $"{i}"), rest);
        await pair.DoEverythingAsync(round: 1);
    }

    [Fact]
    public async Task The_one_that_comes_back_as_a_replica_is_not_asked_for_anything()
    {
        await using var redis = await RedisSentinels.StartAsync();
        await using var pair = await NodePair.StartAsync(redis.Addresses, Service);
        await redis.KillMasterAsync();
        await redis.TakesOverAsync();
        await redis.First.RestartAsync(keepData: false);
        await Eventually.TrueAsync(
            async () => (await redis.First.CommandAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal),
            "it is a replica");
        await pair.A.IsReadyAsync();
        await pair.B.IsReadyAsync();

        await pair.DoEverythingAsync(round: 1);

        // Sentinels, its master, and the one who asks.
        string[] others = ["name=sentinel-", "flags=M", "cmd=client|list"];
        foreach (string client in (await redis.First.CommandAsync("CLIENT", "LIST")).Split('\n'))
            Assert.Contains(others, other => client.Contains(other, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_master_that_hangs_is_followed_too()
    {
        await using var redis = await RedisSentinels.StartAsync();
        await using var pair = await NodePair.StartAsync(redis.Addresses, Service);

        redis.First.Pause();
        await redis.TakesOverAsync();
        await Eventually.TrueAsync(
            async () => (await redis.Second.CommandAsync("PUBSUB", "CHANNELS", "gateway:node:*")).Split('\n').Length == 2,
            "both are there");
        await pair.A.IsReadyAsync();
        await pair.B.IsReadyAsync();

        await pair.DoEverythingAsync(round: 1);
    }

    [Fact]
    public async Task A_master_that_is_one_no_more_and_does_not_know_is_left()
    {
        await using var redis = await RedisSentinels.StartAsync();
        await using var pair = await NodePair.StartAsync(redis.Addresses, Service);

        await redis.NameReplicaAsync();
        await Eventually.TrueAsync(
            async () => (await redis.Second.CommandAsync("PUBSUB", "CHANNELS", "gateway:node:*")).Split('\n').Length == 2,
            "both are there");
        await pair.A.IsReadyAsync();
        await pair.B.IsReadyAsync();

        await pair.DoEverythingAsync();
        Assert.Equal("0", await redis.First.CommandAsync("EXISTS", "gateway:h:{log:0}"));
    }

    [Fact]
    public async Task Sentinels_have_a_password_of_their_own_and_one_of_them_may_be_away()
    {
        await using var redis = await RedisSentinels.StartAsync("of-the-sentinels");
        foreach (var server in new[] { redis.First, redis.Second })
            await server.CommandAsync("ACL", "SETUSER", "ann", "on", ">of Redis", "~*", "&*", "+@all");
        redis.KillOne();
        string[] signIn = [Service, "Redis:User=ann", "Redis:Password=of Redis"];
        await using var pair = await NodePair.StartAsync(redis.Addresses, [.. signIn, "Redis:SentinelPassword=of-the-sentinels"]);
        await pair.DoEverythingAsync();

        await using var without = await LaunchAsync(redis.Addresses, signIn);
        await SaysAsync("no sentinel: ");
        Assert.Contains("NOAUTH", _log.Of(Away)[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_service_and_sentinels_that_are_away_are_told()
    {
        await using var redis = await RedisSentinels.StartAsync();
        await using (await LaunchAsync(redis.Addresses, "Redis:Sentinel=another"))
            await SaysAsync($"Redis at {redis.Addresses} (another) is out of reach: no sentinel knows the service 'another'.");

        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPorts.Next()}");
        await using (await LaunchAsync(address, Service))
            await SaysAsync($"Redis at {address} (main) is out of reach: no sentinel: Connection refused.");
    }

    public void Dispose() => _log.Dispose();

    private Task SaysAsync(string text) =>
        Eventually.TrueAsync(() => _log.Of(Away).Any(line => line.Contains(text, StringComparison.Ordinal)), text);

    private Task<GatewayServer> LaunchAsync(string address, params string[] more) =>
        GatewayServer.StartAsync(Node.Settings(address, more), services => services.AddSingleton<ILoggerProvider>(_log));
}
