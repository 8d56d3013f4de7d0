using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Memory;
using Gateway.Server.Clock;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.TestSupport;

namespace Gateway.Tests.Backplane;

public sealed class MemoryBackplaneTests : IAsyncDisposable
{
    private const int HistoryBytes = 1 << 20;

    private readonly ManualTime _time = new();
    private readonly Recorded _sink = new();
    private readonly MemoryBackplane _backplane;
    private readonly Namespaces _namespaces;

    public MemoryBackplaneTests()
    {
        var options = new GatewayOptions
        {
            HistoryBytes = HistoryBytes,
            Namespaces = new Dictionary<string, NamespaceOptions>
            {
                ["log"] = new() { History = 5, HistoryTtl = TimeSpan.FromMinutes(1) },
                ["long"] = new() { History = 100_000, HistoryTtl = TimeSpan.FromDays(1) },
            },
        };
        _namespaces = new Namespaces(options);
        _backplane = new MemoryBackplane(options, _time);
        Assert.True(_backplane.StartAsync(_sink, TestContext.Current.CancellationToken).IsCompletedSuccessfully);
    }

    [Fact]
    public void Positions_count_up_from_1_within_one_epoch_for_each_channel()
    {
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(_ => Publish("log:a").Position!.Value.Seq));
        Assert.Equal(1, Publish("log:b").Position!.Value.Seq);
        Assert.Equal(Publish("log:a").Position!.Value.Epoch, Publish("log:a").Position!.Value.Epoch);
        Assert.NotEqual(Publish("log:a").Position!.Value.Epoch, Publish("log:b").Position!.Value.Epoch);
    }

    [Fact]
    public void Without_history_there_is_no_position()
    {
        Assert.Equal(new PublishResult(PublishOutcome.Accepted, null), Publish("plain"));
        Assert.Equal(0, Assert.Single(_sink.Messages).Seq);
    }

    [Fact]
    public void A_message_carries_the_time_it_was_published_at_to_subscribers_and_into_history()
    {
        Publish("log:a", "1");
        _time.Advance(TimeSpan.FromSeconds(3));
        Publish("log:a", "2");

        Assert.Equal(3000, _sink.Messages[1].Time - _sink.Messages[0].Time);
        Assert.Equal(_sink.Messages.Select(message => message.Time), Read("log:a").Messages.Select(message => message.Time));
    }

    [Fact]
    public void Messages_expire_one_by_one_and_positions_never()
    {
        var epoch = Publish("log:a").Position!.Value.Epoch;
        _time.Advance(TimeSpan.FromSeconds(30));
        Publish("log:a");
        _time.Advance(TimeSpan.FromMilliseconds(29_999));
        Assert.Equal([1, 2], Seqs("log:a"));

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([2], Seqs("log:a"));
        Assert.Equal(2, Read("log:a").Oldest);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(Seqs("log:a"));
        Assert.Equal((new Position(epoch, 2), 3), (Read("log:a").Top, Read("log:a").Oldest));
    }

    [Fact]
    public void A_channel_nobody_used_for_an_hour_is_forgotten_unless_somebody_is_subscribed()
    {
        var (forgotten, kept) = (Publish("log:a").Position!.Value, Publish("log:b").Position!.Value);
        Subscribe("log:b");

        _time.Advance(TimeSpan.FromMinutes(61));
        Tick();

        Assert.Equal(kept, Read("log:b").Top);
        Assert.NotEqual(forgotten.Epoch, Read("log:a").Top.Epoch);
        Assert.Equal(0, Read("log:a").Top.Seq);
    }

    [Fact]
    public void History_keeps_to_its_budget_and_the_newest_message_is_always_there()
    {
        string content = "\"" + new string('x', 50_000) + "\"";
        for (int i = 0; i < 200; i++)
        {
            var position = Publish($"long:{i % 7}", content).Position!.Value;
            Assert.Equal(position.Seq, Read($"long:{i % 7}").Messages[^1].Seq);
            Assert.InRange(_backplane.HistoryBytes, 50_000, HistoryBytes + 7 * 60_000);
        }
    }

    [Fact]
    public void A_message_larger_than_the_whole_budget_is_still_accepted()
    {
        string content = "\"" + new string('x', 2 * HistoryBytes) + "\"";

        Assert.Equal(1, Publish("long:a", content).Position!.Value.Seq);
        Assert.Equal(2, Publish("long:a", content).Position!.Value.Seq);
        Assert.Equal([2], Seqs("long:a"));
    }

    [Fact]
    public void Evicted_messages_are_reported_as_not_kept_never_as_a_gap()
    {
        string content = "\"" + new string('x', 50_000) + "\"";
        for (int i = 0; i < 100; i++)
            Publish("long:a", content);

        var page = Read("long:a", new HistoryQuery(After: 0, null, 1000, int.MaxValue));

        Assert.Equal(100, page.Top.Seq);
        Assert.True(page.Oldest > 1);
        Assert.Equal(
            Enumerable.Range((int)page.Oldest, 101 - (int)page.Oldest).Select(seq => (long)seq),
            page.Messages.Select(message => message.Seq));
    }

    [Fact]
    public void Everything_expired_gives_all_its_bytes_back()
    {
        for (int i = 0; i < 50; i++)
            Publish($"log:{i}", "\"some content\"");
        Assert.True(_backplane.HistoryBytes > 0);

        _time.Advance(TimeSpan.FromHours(2));
        Tick();

        Assert.Equal(0, _backplane.HistoryBytes);
    }

    [Fact]
    public void Reading_a_channel_without_messages_costs_nothing()
    {
        for (int i = 0; i < 100; i++)
            Publish($"long:{i}", "\"some content\"");
        long bytes = _backplane.HistoryBytes;

        for (int i = 0; i < 34_240; i++)
        {
            var page = Read($"long:unused{i}");
            Assert.Equal((0, 1, 0, false), (page.Top.Seq, page.Oldest, page.Messages.Count, page.More));
        }
        Tick();

        Assert.Equal(bytes, _backplane.HistoryBytes);
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal([1], Seqs($"long:{i}")));
    }

    [Fact]
    public void Subscribing_to_an_empty_channel_keeps_nothing()
    {
        for (int i = 0; i < 1_000; i++)
        {
            Subscribe($"long:{i}");
            Read($"long:{i}");
        }
        Assert.Equal(0, _backplane.HistoryBytes);
    }

    [Fact]
    public void The_epoch_of_an_empty_channel_is_that_of_its_first_message()
    {
        string unheard = Read("log:unheard").Top.Epoch;
        Subscribe("log:heard");
        string heard = Read("log:heard").Top.Epoch;
        Assert.Equal(unheard, Read("log:unheard").Top.Epoch);
        Assert.Equal(new Position(unheard, 1), Publish("log:unheard").Position);

        // A position given to a subscriber stays valid while the streams of other channels are evicted.
        for (int i = 0; i < 50_000; i++)
            Publish($"log:other{i}");
        _time.Advance(TimeSpan.FromHours(2));
        Tick();

        Assert.Equal(new Position(heard, 0), Read("log:heard").Top);
        Assert.Equal(new Position(heard, 1), Publish("log:heard").Position);
        Assert.Equal([1], Read("log:heard", new HistoryQuery(After: 0, null, 10, int.MaxValue)).Messages.Select(message => message.Seq));
    }

    [Fact]
    public void An_epoch_never_returns_when_its_positions_are_forgotten()
    {
        var seen = new HashSet<string>();
        for (int round = 0; round < 20; round++)
        {
            string epoch = Read("log:a").Top.Epoch;
            Assert.True(seen.Add(epoch), $"{epoch} once more in round {round}");
            Assert.Equal(new Position(epoch, 1), Publish("log:a").Position);
            _time.Advance(TimeSpan.FromHours(2));
            Tick();
        }
    }

    [Fact]
    public async Task A_position_is_given_once_however_much_happens_at_once()
    {
        const string Content = "\"a content that leaves room for few of its kind, so that streams are forgotten all the time\"";
        var given = new Dictionary<Position, int>();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var flooding = Task.Run(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
                Publish($"long:{i % 20_000}", Content);
        });
        var ticking = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                Tick();
        });
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            Subscribe("long:x");
            string seen = Read("long:x").Top.Epoch;
            var position = Publish("long:x", Content).Position!.Value;
            Assert.Equal(seen, position.Epoch);
            Assert.True(given.TryAdd(position, i), $"{position} was given in rounds {given.GetValueOrDefault(position)} and {i}");
            _backplane.Unsubscribe(Name("long:x"));
            Thread.Yield();
        }
        await Task.WhenAll(flooding, ticking);
        Assert.True(given.Keys.DistinctBy(position => position.Epoch).Count() > 1, "the stream was never forgotten");
    }

    [Fact]
    public void Positions_that_are_left_of_expired_messages_cost_others_no_message()
    {
        for (int i = 0; i < 1_400; i++)
            Publish($"log:{i}");
        _time.Advance(TimeSpan.FromMinutes(2));
        Tick();
        string content = "\"" + new string('x', 500) + "\"";
        for (int i = 0; i < 700; i++)
            Publish("long:a", content);
        Tick();

        Assert.Equal(Enumerable.Range(1, 700).Select(seq => (long)seq), Seqs("long:a"));
        Assert.InRange(_backplane.HistoryBytes, 1, HistoryBytes);
    }

    [Fact]
    public void A_key_counts_for_five_minutes_from_its_first_use()
    {
        var first = Publish("log:a", key: "k");
        _time.Advance(TimeSpan.FromSeconds(299));
        Assert.Equal(first, Publish("log:a", key: "k"));
        Assert.Single(_sink.Messages);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Publish("log:a", key: "k").Position!.Value.Seq);
    }

    [Fact]
    public void Keys_are_bounded_and_the_oldest_go_first()
    {
        const int Many = 300_000;
        for (int i = 0; i < Many; i++)
            Publish("log:a", key: $"k{i}");

        Assert.Equal(Many, Publish("log:a", key: $"k{Many - 1}").Position!.Value.Seq);
        Assert.Equal(Many + 1, Publish("log:a", key: "k0").Position!.Value.Seq);
    }

    [Fact]
    public void A_flood_of_keys_in_one_channel_costs_those_of_others_nothing()
    {
        // A channel of another shard, because the channels of one shard share its budget.
        string other = Enumerable.Range(0, 1000).Select(i => $"log:b{i}").First(name => ShardOf(name) != ShardOf("log:a"));
        for (int i = 0; i < 4096; i++)
            Publish(other, key: $"k{i}");
        for (int i = 0; i < 300_000; i++)
            Publish("log:a", key: $"k{i}");

        Assert.Equal(1, Publish(other, key: "k0").Position!.Value.Seq);
        Assert.Equal(300_000, Publish("log:a", key: "k299999").Position!.Value.Seq);
        Assert.Equal(200_001, Publish("log:a", key: "k200000").Position!.Value.Seq);

        uint ShardOf(string name) => (uint)Name(name).GetHashCode() % 32;
    }

    [Fact]
    public void Presence_counts_users_and_tells_of_the_first_and_the_last_connection()
    {
        Join("ann", "1");
        Join("ann", "2");
        Join("bob", "3");
        Leave("ann", "1");
        Leave("ann", "2");
        Leave("bob", "3");

        Assert.Equal(["+ann 1", "+bob 2", "-ann 1", "-bob 0"], _sink.Presence);
    }

    [Fact]
    public void Leaving_where_one_never_was_changes_nothing()
    {
        Leave("ann", "1");
        Join("bob", "2");
        Leave("ann", "1");

        Assert.Equal(["+bob 1"], _sink.Presence);
        Assert.Equal(1, Presence(10).Count);
    }

    [Fact]
    public void Above_the_given_number_a_snapshot_is_only_a_count()
    {
        Join("ann", "1");
        Join("bob", "2");

        Assert.Equal(["ann", "bob"], Presence(2).Users!.Select(user => user.Id).Order());
        Assert.Null(Presence(1).Users);
        Assert.Equal(2, Presence(1).Count);
    }

    public ValueTask DisposeAsync() => _backplane.DisposeAsync();

    private PublishResult Publish(string channel, string content = "1", string key = "")
    {
        var publishing = _backplane.PublishAsync(Name(channel), new PublishRequest
        {
            Payload = Payload.Json(Encoding.UTF8.GetBytes(content)),
            Key = IdempotencyKey.OfApi(Encoding.UTF8.GetBytes(key)),
        });
        Assert.True(publishing.IsCompletedSuccessfully);
        return publishing.Result;
    }

    private HistoryPage Read(string channel, HistoryQuery? query = null) =>
        _backplane.ReadAsync(Name(channel), query ?? new HistoryQuery(null, null, 1000, int.MaxValue)).Result!;

    private IEnumerable<long> Seqs(string channel) => Read(channel).Messages.Select(message => message.Seq);

    private void Subscribe(string channel) => Assert.True(_backplane.SubscribeAsync(Name(channel)).Result);

    private void Join(string user, string connection) =>
        Assert.True(_backplane.JoinAsync(Name("room"), new PresentUser(user, default), connection).Result);

    private void Leave(string user, string connection) =>
        Assert.True(_backplane.LeaveAsync(Name("room"), user, connection).IsCompletedSuccessfully);

    private PresenceState Presence(int maxUsers) => _backplane.PresenceAsync(Name("room"), maxUsers).Result!.State;

    /// <summary>Runs the clock often enough for every shard to have its turn.</summary>
    private void Tick()
    {
        for (int i = 0; i < 100; i++)
            ((ITickHandler)_backplane).OnTick(i);
    }

    private ChannelName Name(string channel) => _namespaces.TryName(Encoding.UTF8.GetBytes(channel), out _)!;
}
