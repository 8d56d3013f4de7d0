using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Redis;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.TestSupport;
using Gateway.Tests.Redis.Faults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Redis;

/// <summary>The presence of two nodes on a real Redis, without the nodes: more users than a test can connect.</summary>
public sealed class RedisPresenceTests : IAsyncLifetime
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ChannelName _channel = new("room:x"u8, new Namespace("room", new NamespaceOptions { Presence = true }));
    private readonly Heard _heard = new();
    private readonly ManualTime _time = new();
    private RedisServer _redis = null!;
    private RedisConnection _connection = null!;
    private BrokenRecords _broken = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        var metrics = new BackplaneMetrics(_services.GetRequiredService<IMeterFactory>());
        _broken = new BrokenRecords(metrics, NullLogger<BrokenRecords>.Instance);
        var address = new RedisServerAddress(_redis.Address, new RedisOptions());
        var attempt = new RedisAttempt(address.Configuration(), TimeProvider.System);
        _connection = (await RedisConnection.TryOpenAsync(
            attempt, address, TimeProvider.System, metrics, NullLogger.Instance, TestContext.Current.CancellationToken))!;
    }

    [Fact]
    public async Task However_many_users_a_dead_node_had_one_round_lets_them_go()
    {
        var dead = new RedisPresence("gateway", TimeSpan.FromSeconds(1), _heard, _time, _broken);
        var alive = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        await JoinAsync(dead, 1000);
        alive.Watch(_channel);
        await _redis.AllExpireAsync("gateway:pe:{room:x}");

        await alive.RefreshAllAsync(_connection);

        Assert.Equal("0", await _redis.CommandAsync("HLEN", "gateway:pu:{room:x}"));
    }

    [Fact]
    public async Task The_first_node_to_be_back_does_not_take_the_users_of_the_others_for_dead()
    {
        var first = new RedisPresence("gateway", TimeSpan.FromSeconds(1), _heard, _time, _broken);
        var other = new RedisPresence("gateway", TimeSpan.FromSeconds(1), _heard, _time, _broken);
        await JoinAsync(other, 10);
        first.Watch(_channel);
        // No node refreshes meanwhile, as if Redis had been away for both.
        await _redis.AllExpireAsync("gateway:pe:{room:x}");

        await first.RefreshAllAsync(_connection);

        Assert.Equal(10, (await first.ListAsync(_connection, _channel, 100))!.State.Count);
    }

    [Fact]
    public async Task Users_who_leave_while_they_are_refreshed_stay_away()
    {
        var presence = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        await JoinAsync(presence, 1000);

        for (int round = 0; round < 10; round++)
        {
            var refreshing = presence.RefreshAllAsync(_connection);
            var leaving = Enumerable.Range(round * 100, 100).Select(i => presence.LeaveAsync(_connection, _channel, Id(i)));
            await Task.WhenAll(leaving.Append(refreshing));
        }

        Assert.Equal(0, (await presence.ListAsync(_connection, _channel, 1000))!.State.Count);
    }

    [Fact]
    public async Task Ten_thousand_users_are_listed_or_counted_in_one_call()
    {
        var presence = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        await JoinAsync(presence, 10_000);
        int before = await _redis.CallsAsync("evalsha");

        Assert.Equal((true, 10_000), Read(await presence.ListAsync(_connection, _channel, 10_000)));
        Assert.Equal((false, 10_000), Read(await presence.ListAsync(_connection, _channel, 9_999)));

        Assert.InRange(await _redis.CallsAsync("evalsha") - before, 2, 3);

        static (bool, int) Read(PresenceSnapshot? snapshot) => (snapshot!.State.Users is not null, snapshot.State.Count);
    }

    [Fact]
    public async Task A_change_that_nothing_follows_is_missed_all_the_same()
    {
        var node = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        var other = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        node.Watch(_channel);
        node.OnAttached(_channel);
        await JoinAsync(node, 1);
        Assert.Equal(1, (await node.ListAsync(_connection, _channel, 10))!.State.Count);
        await CheckAsync(node);
        Assert.Equal(0, _heard.Losses);

        await other.JoinAsync(_connection, _channel, new PresentUser("unheard", default));
        await CheckAsync(node);
        Assert.Equal(1, _heard.Losses);

        Assert.Equal(2, (await RepairAsync(node))!.State.Count);
        await CheckAsync(node);
        Assert.Equal(1, _heard.Losses);
    }

    [Fact]
    public async Task Data_that_were_deleted_are_missed_and_put_in_again()
    {
        var node = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        node.Watch(_channel);
        node.OnAttached(_channel);
        await JoinAsync(node, 3);
        long version = (await node.ListAsync(_connection, _channel, 10))!.Version;

        await _redis.FlushAllAsync();
        await CheckAsync(node);

        Assert.Equal(1, _heard.Losses);
        var repaired = await RepairAsync(node);
        Assert.Equal(3, repaired!.State.Count);
        Assert.True(repaired.Version > version);
    }

    [Fact]
    public void A_gap_between_two_changes_shows_by_the_second()
    {
        var node = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        node.Watch(_channel);
        node.OnAttached(_channel);
        var ann = new PresentUser("ann", default);

        node.OnChange(_channel, before: 5, new PresenceChange(ann, true, 1, Version: 6));
        node.OnChange(_channel, before: 6, new PresenceChange(ann, false, 0, Version: 9));
        Assert.Equal(0, _heard.Losses);
        node.OnChange(_channel, before: 10, new PresenceChange(ann, true, 1, Version: 11));
        Assert.Equal(1, _heard.Losses);
        node.OnChange(_channel, before: 11, new PresenceChange(ann, false, 0, Version: 12));
        Assert.Equal(1, _heard.Losses);

        node.OnAttached(_channel);
        Assert.Equal(2, _heard.Losses);
        Assert.Equal(4, _heard.Changes);
    }

    [Fact]
    public async Task A_user_who_left_while_redis_was_away_goes_with_the_next_refresh_unless_back()
    {
        var presence = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        await JoinAsync(presence, 3);
        await presence.LeaveAsync(connection: null, _channel, Id(0));
        await presence.LeaveAsync(connection: null, _channel, Id(1));
        Assert.Equal(3, (await presence.ListAsync(_connection, _channel, 10))!.State.Count);
        await presence.JoinAsync(_connection, _channel, new PresentUser(Id(1), default));

        await presence.RefreshAllAsync(_connection);

        Assert.Equal([Id(1), Id(2)], (await presence.ListAsync(_connection, _channel, 10))!.State.Users!.Select(user => user.Id).Order());
    }

    [Fact]
    public async Task Ten_thousand_channels_are_repaired_and_never_all_at_once()
    {
        var presence = new RedisPresence("gateway", TimeSpan.FromSeconds(30), _heard, _time, _broken);
        var names = Enumerable.Range(0, 10_000).Select(i => Encoding.UTF8.GetBytes($"room:{i}"));
        var channels = names.Select(name => new ChannelName(name, _channel.Namespace)).ToList();
        foreach (var channel in channels)
        {
            presence.Watch(channel);
            presence.OnAttached(channel);
        }
        int most = 0;

        var repairing = Task.WhenAll(channels.Select(channel => presence.RepairAsync(_connection, channel, 10)));
        while (!repairing.IsCompleted)
        {
            most = Math.Max(most, _connection.InFlight);
            await Task.Yield();
        }

        Assert.All(await repairing, Assert.NotNull);
        Assert.InRange(most, 1, 64);
    }

    /// <summary>
    /// Lets time pass in which every channel has its turn: less than the ten seconds in which the documents promise a repair.
    /// </summary>
    private async Task CheckAsync(RedisPresence presence)
    {
        _time.Advance(TimeSpan.FromSeconds(6));
        var checking = presence.CheckDueAsync(_connection);
        await _time.PassAsync(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100));
        await checking;
    }

    private async Task<PresenceSnapshot?> RepairAsync(RedisPresence presence)
    {
        var repairing = presence.RepairAsync(_connection, _channel, 10);
        await _time.PassUntilAsync(repairing, TimeSpan.FromMilliseconds(100));
        return await repairing;
    }

    private async Task JoinAsync(RedisPresence presence, int users)
    {
        byte[] info = "{\"name\":\"somebody\"}"u8.ToArray();
        var joins = Enumerable.Range(0, users).Select(i => presence.JoinAsync(_connection, _channel, new PresentUser(Id(i), info)));
        Assert.DoesNotContain(false, await Task.WhenAll(joins));
    }

    private static string Id(int i) => "user-" + i.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        _connection.Dispose();
        await _redis.DisposeAsync();
        await _services.DisposeAsync();
    }

    /// <summary>A sink that counts changes and losses. Safe for any thread.</summary>
    private sealed class Heard : IBackplaneSink
    {
        private int _changes;
        private int _losses;

        public int Changes => Volatile.Read(ref _changes);

        public int Losses => Volatile.Read(ref _losses);

        public void OnPublication(ChannelName channel, in Publication publication)
        {
        }

        public void OnPresence(ChannelName channel, PresenceChange change) => Interlocked.Increment(ref _changes);

        public void OnPresenceLost(ChannelName channel) => Interlocked.Increment(ref _losses);

        public void OnInterrupted(ChannelName channel)
        {
        }

        public void OnLost(ChannelName channel)
        {
        }
    }
}
