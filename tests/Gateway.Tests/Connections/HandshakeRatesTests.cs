using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Clock;
using Gateway.Server.Options;
using Gateway.TestSupport;

namespace Gateway.Tests.Connections;

/// <summary><c>Limits:HandshakesPerSecondPerAddress</c> for several nodes together, without sockets and without Redis.</summary>
public sealed class HandshakeRatesTests
{
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");

    private readonly ManualTime _time = new();
    private readonly PeerBus _bus = new();

    [Fact]
    public async Task Handshakes_let_through_by_one_node_are_missing_on_the_others_and_paid_for_later()
    {
        var nodes = Start(rate: 100, "a", "b", "c");
        Assert.Equal(100, TakeAll(nodes[0]));
        Assert.Equal(100, TakeAll(nodes[1]));
        // Each of the three nodes has let through as many as one may, before it could know of the others.
        Assert.Equal(100, TakeAll(nodes[2]));
        var passed = await ReportedAsync(nodes);

        // 300 handshakes in all, and the bucket paid for 100 of them.
        _time.Advance(TimeSpan.FromSeconds(1.8) - passed);
        Assert.False(nodes[0].TryTake(Address, out var wait));
        Assert.InRange(wait, TimeSpan.Zero, TimeSpan.FromSeconds(0.4));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(nodes[0].TryTake(Address, out _));
        Assert.True(nodes[0].TryTake(IPAddress.Parse("192.0.2.2"), out _));
    }

    [Theory]
    [InlineData(100, 2)]
    [InlineData(100, 3)]
    [InlineData(20, 3)]
    [InlineData(1_000, 4)]
    public async Task Over_some_seconds_all_nodes_together_let_through_the_rate(int rate, int count)
    {
        var nodes = Start(rate, [.. Enumerable.Range(0, count).Select(i => "n" + i)]);
        int let = 0;
        const int Seconds = 10;
        for (int i = 0; i < Seconds * 50; i++)
        {
            let += nodes.Sum(TakeAll);
            await SettledAsync(nodes);
            _time.Advance(TimeSpan.FromMilliseconds(20));
        }
        double allowed = rate * (Seconds + 1);
        Assert.InRange(let, allowed * 0.9, allowed * 1.1);
        // Each node sends at most ten times a second, however many handshakes come.
        Assert.InRange(_bus.Sent, 1, count * ((Seconds * 10) + 1));
    }

    [Fact]
    public void An_address_far_below_the_limit_is_never_told()
    {
        var nodes = Start(rate: 100, "a", "b", "c");
        for (int second = 0; second < 100; second++)
        {
            // A page with eight tabs opens on one node, once in ten seconds.
            for (int i = 0; i < 8 && second % 10 == 0; i++)
                Assert.True(nodes[0].TryTake(Address, out _));
            _time.Advance(TimeSpan.FromSeconds(1));
            ((ITickHandler)nodes[0]).OnTick(second * 1_000);
        }
        Assert.Equal(0, _bus.Sent);
    }

    [Fact]
    public async Task Many_addresses_are_told_together_and_never_too_many_at_once()
    {
        var nodes = Start(rate: 100, "a", "b");
        for (int i = 0; i < 1_000; i++)
        {
            var address = new IPAddress(0x0A000000L + i);
            while (nodes[0].TryTake(address, out _))
            {
            }
        }
        await ReportedAsync(nodes);
        Assert.Equal(1_000, nodes[1].Count);
        // The first message holds the addresses that were due when it was sent.
        Assert.InRange(_bus.Sent, 1_000 / HandshakeRates.MostReported, (1_000 / HandshakeRates.MostReported) + 2);
    }

    [Fact]
    public async Task A_64_of_IPv6_is_one_address_for_all_nodes()
    {
        var nodes = Start(rate: 50, "a", "b");
        for (int i = 0; i < 50; i++)
            Assert.True(nodes[0].TryTake(IPAddress.Parse($"2001:db8:1:1::{i + 1:x}"), out _));
        var passed = await ReportedAsync(nodes);
        int let = Enumerable.Range(0, 50).Count(i => nodes[1].TryTake(IPAddress.Parse($"2001:db8:1:1:ffff::{i + 1:x}"), out _));
        // The part that a node keeps to itself, and the tokens that have come since.
        Assert.InRange(let, 0, 8 + (50 * passed.TotalSeconds));
        Assert.True(nodes[1].TryTake(IPAddress.Parse("2001:db8:1:2::1"), out _));
    }

    [Fact]
    public void A_debt_has_an_end()
    {
        var node = Start(rate: 10, "a", "b")[0];
        node.OnReport(new Dictionary<string, int> { [Address.ToString()] = int.MaxValue, ["not an address"] = 5, ["192.0.2.9"] = -5 });
        node.OnReport(new Dictionary<string, int> { [Address.ToString()] = int.MaxValue });
        Assert.False(node.TryTake(Address, out var wait));
        Assert.InRange(wait, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10.2));
        Assert.Equal(10, TakeAll(node, IPAddress.Parse("192.0.2.9")));
    }

    [Fact]
    public void Counts_of_other_nodes_do_not_grow_the_table_beyond_its_bound()
    {
        var node = Start(rate: 10, "a", "b")[0];
        var addresses = Enumerable.Range(0, HandshakeRates.MostAddresses + 100).Select(i => new IPAddress(0x0A000000L + i).ToString());
        node.OnReport(addresses.ToDictionary(address => address, _ => 1));
        Assert.Equal(HandshakeRates.MostAddresses, node.Count);
    }

    [Fact]
    public void A_node_alone_and_one_without_a_way_to_the_others_tell_nobody()
    {
        var alone = Start(rate: 10, "a")[0];
        Assert.Equal(10, TakeAll(alone));
        var other = Start(rate: 10, "b")[0];
        _bus.IsAway = true;
        Assert.Equal(10, TakeAll(other));
        Assert.False(alone.IsReporting || other.IsReporting);
        Assert.Equal(0, _bus.Sent);
    }

    [Fact]
    public void Handshakes_that_are_not_shared_allocate_nothing()
    {
        var node = Start(rate: 1_000_000, "a", "b", "c")[0];
        long before = 0;
        for (int i = 0; i < 1_000; i++)
        {
            if (i == 500)
                before = GC.GetAllocatedBytesForCurrentThread();
            if (!node.TryTake(Address, out _))
                Assert.Fail("it was refused");
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, _bus.Sent);
    }

    private HandshakeRates[] Start(int rate, params string[] names)
    {
        var options = new GatewayOptions { Limits = new() { HandshakesPerSecondPerAddress = rate } };
        var nodes = names.Select(_ => new HandshakeRates(options, _time)).ToArray();
        for (int i = 0; i < nodes.Length; i++)
            _bus.Join(names[i], null, nodes[i]);
        return nodes;
    }

    private static int TakeAll(HandshakeRates node) => TakeAll(node, Address);

    private static int TakeAll(HandshakeRates node, IPAddress address)
    {
        int taken = 0;
        while (node.TryTake(address, out _))
            taken++;
        return taken;
    }

    /// <summary>
    /// Delivers the nodes' messages until every node has told the others of all its handshakes. The first message may leave before the
    /// test has made its last handshake; the others go with the next one, after a pause.
    /// </summary>
    /// <returns>The time that has passed.</returns>
    private async Task<TimeSpan> ReportedAsync(HandshakeRates[] nodes)
    {
        var passed = TimeSpan.Zero;
        await SettledAsync(nodes);
        while (nodes.Any(node => node.IsReporting))
        {
            _time.Advance(HandshakeRates.Pause);
            passed += HandshakeRates.Pause;
            await SettledAsync(nodes);
        }
        return passed;
    }

    /// <summary>Waits until every node with something to send waits for the clock to send more, and delivers the messages.</summary>
    private async Task SettledAsync(HandshakeRates[] nodes)
    {
        await Eventually.TrueAsync(
            () => nodes.Count(node => node.IsReporting) == _time.Timers(dueWithin: HandshakeRates.Pause),
            "every node has sent its counts");
        _bus.Deliver();
    }
}
