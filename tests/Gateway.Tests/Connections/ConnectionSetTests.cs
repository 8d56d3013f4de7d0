using System.Net;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Echo;
using Gateway.Server.Naming;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Connections;

/// <summary>The hash table of connections, against a dictionary that is told the same.</summary>
public sealed class ConnectionSetTests : IAsyncLifetime
{
    private GatewayServer _server = null!;
    private ConnectionServices _services = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await GatewayServer.StartAsync();
        _services = _server.Services.GetRequiredService<ConnectionServices>();
    }

    [Fact]
    public void It_holds_what_was_added_and_not_removed_however_it_grows_and_shrinks()
    {
        var random = new Random(1);
        var set = new ConnectionSet();
        var model = new Dictionary<ConnectionId, Connection>();
        for (int step = 0; step < 20_000; step++)
        {
            bool isGrowing = step / 2000 % 2 == 0;
            if (model.Count == 0 || random.NextDouble() < (isGrowing ? 0.7 : 0.3))
            {
                var added = NewConnection();
                set.Add(added, 0);
                model.Add(added.Id, added);
            }
            else
            {
                var removed = model.Values.ElementAt(random.Next(model.Count));
                set.Remove(removed);
                // Again, as where a connection ends twice.
                set.Remove(removed);
                model.Remove(removed.Id);
                Assert.Null(set.Find(removed.Id));
            }
            Assert.Equal(model.Count, set.Count);
            if (step % 500 == 0)
                AssertHolds(model, set);
        }
        AssertHolds(model, set);
    }

    [Fact]
    public void It_copies_all_into_an_array_that_is_used_again()
    {
        var set = new ConnectionSet();
        var all = Enumerable.Range(0, 10).Select(_ => NewConnection()).ToHashSet();
        foreach (var connection in all)
            set.Add(connection, 0);
        Connection[] copies = [];

        Assert.Equal(10, set.CopyDueTo(ref copies, 0));
        var first = copies;
        Assert.Equal(10, set.CopyDueTo(ref copies, 0));

        Assert.Same(first, copies);
        Assert.Equal(all, copies.Take(10).ToHashSet());
    }

    [Fact]
    public void A_connection_is_due_when_its_time_has_come_and_until_it_is_postponed()
    {
        var set = new ConnectionSet();
        var connection = NewConnection();
        set.Add(connection, 1_000);

        Assert.Empty(Due(set, 999));
        Assert.Same(connection, Assert.Single(Due(set, 1_000)));
        Assert.Same(connection, Assert.Single(Due(set, 1_001)));
        set.Postpone(connection, 5_000);

        Assert.Empty(Due(set, 4_999));
        Assert.Single(Due(set, 5_000));
    }

    [Fact]
    public void A_deadline_that_comes_up_during_a_visit_is_not_postponed()
    {
        var set = new ConnectionSet();
        var connection = NewConnection();
        set.Add(connection, 1_000);
        Assert.Single(Due(set, 1_000));

        set.Hasten(connection, 1_000);
        set.Postpone(connection, 5_000);
        Assert.Single(Due(set, 1_000));

        set.Postpone(connection, 5_000);
        Assert.Empty(Due(set, 1_000));
    }

    [Fact]
    public void Times_stay_with_their_connections_however_the_table_changes()
    {
        var set = new ConnectionSet();
        var all = Enumerable.Range(0, 1_000).Select(_ => NewConnection()).ToArray();
        for (int i = 0; i < all.Length; i++)
            set.Add(all[i], 2 * i);
        for (int i = 0; i < all.Length; i += 2)
            set.Remove(all[i]);

        var expected = all.Where((_, i) => i % 2 == 1 && 2 * i <= 1_000).ToHashSet();
        Assert.Equal(expected, Due(set, 1_000).ToHashSet());
    }

    [Fact]
    public void Times_go_round()
    {
        const long Round = 1L << 32;
        var set = new ConnectionSet();
        set.Add(NewConnection(), Round + 100);

        Assert.Empty(Due(set, Round - 100));
        Assert.Single(Due(set, Round + 100));
    }

    [Fact]
    public void What_is_not_there_is_neither_hastened_nor_postponed()
    {
        var set = new ConnectionSet();

        set.Hasten(NewConnection(), 1_000);
        set.Postpone(NewConnection(), 1_000);

        Assert.Empty(Due(set, 1_000));
    }

    private static Connection[] Due(ConnectionSet set, long now)
    {
        Connection[] due = [];
        int count = set.CopyDueTo(ref due, now);
        return due[..count];
    }

    private static void AssertHolds(Dictionary<ConnectionId, Connection> model, ConnectionSet set)
    {
        Assert.All(model, pair => Assert.Same(pair.Value, set.Find(pair.Key)));
        Assert.Equal(model.Values.ToHashSet(), set.ToArray().ToHashSet());
    }

    private Connection NewConnection() => new(
        new NoTransport(), EchoEncoding.Instance, _services, new NoLease(), connection => new EchoDialect(connection));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private sealed class NoLease() : ConnectionLease(IPAddress.Loopback)
    {
        public override ValueTask<bool> IdentifyAsync(string user) => throw new NotSupportedException();

        public override void Dispose()
        {
        }
    }

    private sealed class NoTransport : ITransport
    {
        public IOutput Output => null!;

        public bool ClosesWhenOutputEnds => false;

        public bool SharesThread => false;

        public Task RunAsync(IConnectionReceiver connection, ValueTask<bool> opened) => throw new NotSupportedException();

        public Task ReceiveAsync(IInputReceiver receiver) => throw new NotSupportedException();

        public void Wake() => throw new NotSupportedException();

        public void Abort(ConnectionAbortedException reason) => throw new NotSupportedException();

        public ValueTask HalfCloseAsync() => throw new NotSupportedException();

        public ValueTask EndOutputAsync() => throw new NotSupportedException();
    }
}
