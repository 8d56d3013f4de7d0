using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Gateway.Backplane.Redis;
using Gateway.Channels;
using Gateway.Options;
using Gateway.Protocol.Messages;
using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Redis;

/// <summary>The presence of two nodes on a real Redis, without the nodes: more users than a test can connect.</summary>
public sealed class RedisPresenceTests : IAsyncLifetime
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ChannelName _channel = new("room:x"u8, new Namespace("room", new NamespaceOptions { Presence = true }));
    private RedisServer _redis = null!;
    private RedisConnection _connection = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        var metrics = new BackplaneMetrics(_services.GetRequiredService<IMeterFactory>());
        _connection = (await RedisConnection.TryOpenAsync(new RedisServerAddress(_redis.Address).Configuration(), metrics, NullLogger.Instance, TestContext.Current.CancellationToken))!;
    }

    [Fact]
    public async Task However_many_users_a_dead_node_had_one_round_lets_them_go()
    {
        var dead = new RedisPresence("gateway", TimeSpan.FromSeconds(1));
        var alive = new RedisPresence("gateway", TimeSpan.FromSeconds(30));
        await JoinAsync(dead, 1000);
        alive.Watch(_channel);
        // Their expiry passes on Redis's clock.
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        await alive.RefreshAllAsync(_connection);

        Assert.Equal("0", await _redis.CommandAsync("HLEN", "gateway:pu:{room:x}"));
    }

    [Fact]
    public async Task The_first_node_to_be_back_does_not_take_the_users_of_the_others_for_dead()
    {
        var first = new RedisPresence("gateway", TimeSpan.FromSeconds(1));
        var other = new RedisPresence("gateway", TimeSpan.FromSeconds(1));
        await JoinAsync(other, 10);
        first.Watch(_channel);
        // Nobody can refresh for longer than the time to live.
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);

        await first.RefreshAllAsync(_connection);

        Assert.Equal(10, (await first.ListAsync(_connection, _channel, 100))!.Count);
    }

    [Fact]
    public async Task Users_who_leave_while_they_are_refreshed_stay_away()
    {
        var presence = new RedisPresence("gateway", TimeSpan.FromSeconds(30));
        await JoinAsync(presence, 1000);

        for (int round = 0; round < 10; round++)
        {
            var refreshing = presence.RefreshAllAsync(_connection);
            var leaving = Enumerable.Range(round * 100, 100).Select(i => presence.LeaveAsync(_connection, _channel, Id(i)));
            await Task.WhenAll(leaving.Append(refreshing));
        }

        Assert.Equal(0, (await presence.ListAsync(_connection, _channel, 1000))!.Count);
    }

    [Fact]
    public async Task Ten_thousand_users_are_listed_or_counted_in_one_call()
    {
        var presence = new RedisPresence("gateway", TimeSpan.FromSeconds(30));
        await JoinAsync(presence, 10_000);
        int before = await _redis.CallsAsync("evalsha");

        Assert.Equal((true, 10_000), Read(await presence.ListAsync(_connection, _channel, 10_000)));
        Assert.Equal((false, 10_000), Read(await presence.ListAsync(_connection, _channel, 9_999)));

        Assert.InRange(await _redis.CallsAsync("evalsha") - before, 2, 3);

        static (bool, int) Read(PresenceState? state) => (state!.Users is not null, state.Count);
    }

    private async Task JoinAsync(RedisPresence presence, int users)
    {
        var joins = Enumerable.Range(0, users).Select(i => presence.JoinAsync(_connection, _channel, new PresentUser(Id(i), Encoding.UTF8.GetBytes("{\"name\":\"somebody\"}"))));
        Assert.DoesNotContain(false, await Task.WhenAll(joins));
    }

    private static string Id(int i) => "user-" + i.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        _connection.Dispose();
        await _redis.DisposeAsync();
        await _services.DisposeAsync();
    }
}
