using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Options;
using Gateway.TestSupport;

namespace Gateway.Tests.Connections;

/// <summary><c>Limits:ConnectionsPerUser</c> for several nodes together, without sockets and without Redis.</summary>
public sealed class UserLimitTests
{
    private const string Ann = "ann";

    private readonly ManualTime _clock = new();
    private readonly PeerBus _bus = new();

    [Fact]
    public async Task A_node_alone_asks_nobody_and_is_exact()
    {
        var node = Start(limit: 3, "a")[0];
        for (int i = 0; i < 3; i++)
            Assert.True(await node.OpenAsync(Ann));
        Assert.False(await node.OpenAsync(Ann));
        Assert.True(await node.OpenAsync("bob"));

        node.CloseOne(Ann);
        Assert.True(await node.OpenAsync(Ann));
        Assert.Equal(0, _bus.Sent);
    }

    [Fact]
    public async Task A_user_with_few_connections_is_let_in_at_once_and_nobody_is_told()
    {
        var nodes = Start(limit: 60, "a", "b", "c");
        // Half the limit, shared by all nodes.
        foreach (var node in nodes)
        {
            for (int i = 0; i < 10; i++)
                Assert.True(IsLetIn(node.Open(Ann)));
        }
        foreach (var node in nodes)
            Assert.Null(node.Users.Report());
        Assert.Equal(0, _bus.Sent);
        Assert.False(nodes[0].Open(Ann).IsCompleted);
        await Eventually.TrueAsync(() => _bus.Waiting == 1, "the next is asked for");
    }

    [Fact]
    public void Sign_ins_within_the_share_allocate_nothing()
    {
        var node = Start(limit: 60, "a", "b", "c")[0];
        var lease = node.Limits.TryAcquire(IPAddress.Loopback, out _)!;
        long before = 0;
        for (int i = 0; i < 1_000; i++)
        {
            if (i == 500)
                before = GC.GetAllocatedBytesForCurrentThread();
            // The user changes from one node to the other and back, and is counted each time.
            bool isDone = lease.IdentifyAsync(i % 2 == 0 ? Ann : "carol").IsCompletedSuccessfully;
            if (!isDone)
                Assert.Fail("it was not let in at once");
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Three_nodes_that_claim_at_once_let_in_exactly_the_limit()
    {
        var nodes = Start(limit: 60, "a", "b", "c");
        var opened = nodes.SelectMany(node => Enumerable.Range(0, 60).Select(_ => node.Open(Ann))).ToList();
        await Eventually.TrueAsync(() => _bus.Waiting == 3, "all have claimed");

        await SettledAsync(opened);

        Assert.Equal(60, opened.Count(IsLetIn));
        Assert.Equal(60, nodes.Sum(node => node.CountOf(Ann)));
        // The waiting ones were claimed for together: in the first claim, or, when they came after it, in the second.
        Assert.InRange(_bus.Sent, 3, 6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task A_limit_too_small_to_be_shared_holds_too(int limit)
    {
        var nodes = Start(limit, "a", "b", "c", "d");
        var opened = nodes.SelectMany(node => Enumerable.Range(0, 5).Select(_ => node.Open(Ann))).ToList();
        await SettledAsync(opened);
        Assert.Equal(limit, opened.Count(IsLetIn));
    }

    [Fact]
    public async Task The_sum_is_never_over_the_limit_whatever_comes_and_goes()
    {
        var nodes = Start(limit: 40, "a", "b", "c");
        var random = new Random(7);
        var opened = new List<Task<bool>>();
        for (int i = 0; i < 2_000; i++)
        {
            var node = nodes[random.Next(nodes.Length)];
            if (random.Next(4) == 0)
                node.CloseOne(Ann);
            else
                opened.Add(node.Open(Ann));
            if (random.Next(5) == 0)
                _bus.Deliver();
            if (random.Next(10) == 0)
                _clock.Advance(UserLimit.Pause);
            if (random.Next(50) == 0)
                _bus.Beat();
            Assert.InRange(nodes.Sum(each => each.CountOf(Ann)), 0, 40);
        }
        await SettledAsync(opened);
        Assert.InRange(nodes.Sum(each => each.CountOf(Ann)), 0, 40);
    }

    [Fact]
    public async Task A_heartbeat_during_a_claim_tells_the_others_of_the_connections_that_are_claimed()
    {
        var nodes = Start(limit: 40, "a", "b", "c");
        await FillAsync(nodes[0], count: 10);
        // A node that does not answer holds the claim up.
        _bus.Silent.Add("c");
        var claimed = Enumerable.Range(0, 30).Select(_ => nodes[0].Open(Ann)).ToList();
        // The next claim comes when the pause after the last one is over.
        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(UserLimit.Pause / 10);
                return _bus.Waiting == 1;
            },
            "the claim is sent");
        _bus.Deliver();

        _bus.Beat();
        var opened = Enumerable.Range(0, 6).Select(_ => nodes[1].Open(Ann)).ToList();

        await SettledAsync([.. claimed, .. opened]);
        Assert.Equal(40, nodes.Sum(each => each.CountOf(Ann)));
    }

    [Fact]
    public async Task One_at_the_limit_who_tries_all_the_time_is_asked_for_twice_a_second()
    {
        var nodes = Start(limit: 20, "a", "b");
        await FillAsync(nodes[0], count: 20);
        int before = _bus.Sent;
        for (int second = 0; second < 3; second++)
        {
            for (int i = 0; i < 1_000; i++)
            {
                if (i % 500 == 0)
                    _clock.Advance(UserLimit.RefusalTime);
                var opened = nodes[1].Open(Ann);
                await SettledAsync([opened]);
                Assert.False(await opened);
            }
        }
        Assert.Equal(6, _bus.Sent - before);
    }

    [Fact]
    public async Task A_connection_that_ends_makes_room_at_once_on_its_node_and_soon_elsewhere()
    {
        var nodes = Start(limit: 20, "a", "b");
        await FillAsync(nodes[0], count: 18);
        await FillAsync(nodes[1], count: 2);
        Assert.False(await OpenAsync(nodes[0]));
        Assert.False(await OpenAsync(nodes[1]));

        nodes[0].CloseOne(Ann);
        Assert.True(await OpenAsync(nodes[0]));
        nodes[0].CloseOne(Ann);
        Assert.False(await OpenAsync(nodes[1]));
        _clock.Advance(UserLimit.RefusalTime);
        Assert.True(await OpenAsync(nodes[1]));
    }

    [Fact]
    public async Task Connections_that_are_told_with_heartbeats_count_where_nobody_had_to_ask()
    {
        var nodes = Start(limit: 20, "a", "b");
        await FillAsync(nodes[0], count: 20);
        // Long after the claims of the others, so that only heartbeats tell of them.
        for (int i = 0; i < 5; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            _bus.Beat();
        }
        // This node has fewer than its share.
        Assert.False(await OpenAsync(nodes[1]));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_waited_for_once_and_counts_until_it_is_forgotten()
    {
        var nodes = Start(limit: 20, "a", "b");
        await FillAsync(nodes[0], count: 15);
        _bus.Beat();
        _bus.Silent.Add("a");

        var waits = Enumerable.Range(0, 10).Select(_ => nodes[1].Open(Ann)).ToList();
        await Eventually.TrueAsync(() => _bus.Waiting == 1, "b has claimed");
        _bus.Deliver();
        Assert.DoesNotContain(waits, wait => wait.IsCompleted);
        await SettledAsync(waits, UserLimit.AnswerTime);
        Assert.Equal(5, waits.Count(IsLetIn));

        _clock.Advance(UserLimit.RefusalTime);
        Assert.False(await OpenAsync(nodes[1]));

        _clock.Advance(TimeSpan.FromSeconds(5));
        for (int i = 0; i < 15; i++)
            Assert.True(await OpenAsync(nodes[1]));
        Assert.False(await OpenAsync(nodes[1]));
    }

    [Fact]
    public async Task A_node_that_stops_takes_its_connections_with_it_and_is_not_waited_for()
    {
        var nodes = Start(limit: 20, "a", "b", "c");
        await FillAsync(nodes[0], count: 20);
        Assert.False(await OpenAsync(nodes[1]));
        var late = nodes[2].Open(Ann);
        await Eventually.TrueAsync(() => _bus.Waiting == 1, "c has claimed");
        _bus.Silent.Add("a");
        _bus.Deliver();

        _bus.Leave("a");

        Assert.True(await late);
        _clock.Advance(UserLimit.RefusalTime);
        Assert.True(await OpenAsync(nodes[1]));
    }

    [Fact]
    public async Task Without_a_way_to_the_others_each_node_is_for_itself()
    {
        var nodes = Start(limit: 20, "a", "b");
        await FillAsync(nodes[0], count: 20);
        Assert.False(await OpenAsync(nodes[1]));
        int before = _bus.Sent;

        _bus.IsAway = true;

        for (int i = 0; i < 20; i++)
            Assert.True(IsLetIn(nodes[1].Open(Ann)));
        Assert.False(await nodes[1].OpenAsync(Ann));
        Assert.Equal(before, _bus.Sent);
        _bus.IsAway = false;
        nodes[0].CloseOne(Ann);
        Assert.False(await OpenAsync(nodes[0]));
    }

    [Fact]
    public async Task A_node_that_was_alone_tells_the_one_that_joins_it()
    {
        var alone = new TestNode(Limits(20), _clock);
        for (int i = 0; i < 20; i++)
            Assert.True(await alone.OpenAsync(Ann));
        _bus.Join("a", alone.Users, null);
        var other = Start(limit: 20, "b")[0];
        _bus.Beat();
        Assert.False(await OpenAsync(other));
    }

    [Fact]
    public async Task Many_users_are_claimed_for_together_and_never_too_many_at_once()
    {
        var nodes = Start(limit: 1, "a", "b");
        var opened = Enumerable.Range(0, 600).Select(i => nodes[0].Open($"user-{i}")).ToList();
        await SettledAsync(opened);
        Assert.All(opened, open => Assert.True(IsLetIn(open)));
        // The first claim covers the connections that were present when it was sent.
        Assert.InRange(_bus.Sent, 600 / UserLimit.MostClaimed, (600 / UserLimit.MostClaimed) + 2);
    }

    [Fact]
    public async Task A_connection_that_ends_while_it_waits_is_not_counted()
    {
        var nodes = Start(limit: 1, "a", "b");
        var lease = nodes[0].Limits.TryAcquire(IPAddress.Loopback, out _)!;
        var waits = lease.IdentifyAsync(Ann).AsTask();
        lease.Dispose();
        await SettledAsync([waits]);
        Assert.Equal((0, 0, 0), nodes[0].Limits.Counts);
        Assert.True(await OpenAsync(nodes[1]));
    }

    private static GatewayOptions Limits(int perUser) =>
        new() { Limits = new() { Connections = 0, ConnectionsPerAddress = 0, ConnectionsPerUser = perUser } };

    private TestNode[] Start(int limit, params string[] names)
    {
        var nodes = names.Select(_ => new TestNode(Limits(limit), _clock)).ToArray();
        for (int i = 0; i < nodes.Length; i++)
            _bus.Join(names[i], nodes[i].Users, null);
        return nodes;
    }

    private static bool IsLetIn(Task<bool> opened) => opened is { IsCompletedSuccessfully: true, Result: true };

    private async Task FillAsync(TestNode node, int count)
    {
        var opened = Enumerable.Range(0, count).Select(_ => node.Open(Ann)).ToList();
        await SettledAsync(opened);
        Assert.All(opened, open => Assert.True(IsLetIn(open)));
    }

    private async Task<bool> OpenAsync(TestNode node)
    {
        var opened = node.Open(Ann);
        await SettledAsync([opened]);
        return await opened;
    }

    /// <summary>Delivers messages and lets the pauses between claims pass until all are decided.</summary>
    private async Task SettledAsync(IReadOnlyList<Task<bool>> opened, TimeSpan? first = null)
    {
        _clock.Advance(first ?? TimeSpan.Zero);
        await Eventually.TrueAsync(
            () =>
            {
                _bus.Deliver();
                if (opened.All(open => open.IsCompleted))
                    return true;
                _clock.Advance(UserLimit.Pause / 10);
                return false;
            },
            "all are decided");
    }

    /// <summary>The limits of one node and the users that it has let in.</summary>
    private sealed class TestNode
    {
        private readonly List<CountedLease> _leases = [];

        public TestNode(GatewayOptions options, TimeProvider time)
        {
            Users = new UserLimit(options, time);
            Limits = new ConnectionLimits(options, new(null, 0), Users);
        }

        public UserLimit Users { get; }

        public ConnectionLimits Limits { get; }

        public Task<bool> OpenAsync(string user) => Open(user);

        public Task<bool> Open(string user)
        {
            var lease = Limits.TryAcquire(IPAddress.Loopback, out _)!;
            var opened = lease.IdentifyAsync(user);
            lock (_leases)
                _leases.Add(lease);
            return opened.AsTask();
        }

        public int CountOf(string user)
        {
            lock (_leases)
                return _leases.Count(lease => lease.User == user);
        }

        public void CloseOne(string user)
        {
            lock (_leases)
            {
                if (_leases.Find(lease => lease.User == user) is not { } lease)
                    return;
                _leases.Remove(lease);
                lease.Dispose();
            }
        }
    }
}
