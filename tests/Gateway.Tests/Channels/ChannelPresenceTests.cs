using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Channels;

/// <summary>The presence frames of a channel, and the subscriptions that get them.</summary>
public sealed class ChannelPresenceTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly GatewayMetrics _metrics;
    private readonly Channel _channel;

    public ChannelPresenceTests()
    {
        _metrics = new GatewayMetrics(_services.GetRequiredService<IMeterFactory>());
        var rules = new Namespace("room", new NamespaceOptions { Presence = true });
        _channel = new Channel(new ChannelName("room:a"u8, rules), _metrics, NullLogger.Instance);
    }

    [Fact]
    public async Task A_subscription_begun_between_two_changes_is_sent_the_second()
    {
        var before = Begin(0);
        Change("+ann", 1);
        var between = Begin(1);
        Change("+bob", 2);
        var after = Begin(2);
        Assert.Equal(PresenceTurn.Over, Turn());

        await SentAsync();
        Assert.Equal(["+ann+bob"], before.Seen);
        Assert.Equal(["+bob"], between.Seen);
        Assert.Empty(after.Seen);
    }

    [Fact]
    public async Task After_a_loss_all_are_sent_a_snapshot_except_those_that_have_it_and_those_without_presence()
    {
        var old = Begin(0);
        var current = Begin(3);
        var blind = Begin(Subscription.NoPresence);
        Change("+ann", 1);
        _channel.LosePresence();
        Change("+carol", 4);
        Assert.Equal(PresenceTurn.Snapshot, Turn());
        int generation = _channel.PresenceGeneration;
        Assert.True(Restore(3, generation, "ann", "bob"));
        Assert.Equal(PresenceTurn.Over, Turn());

        await SentAsync();
        Assert.Equal(["=ann,bob", "+carol"], old.Seen);
        Assert.Equal(["+carol"], current.Seen);
        Assert.Empty(blind.Seen);
    }

    [Fact]
    public async Task A_snapshot_from_before_the_last_loss_does_not_do()
    {
        var subscriber = Begin(1);
        _channel.LosePresence();
        int generation = _channel.PresenceGeneration;
        _channel.LosePresence();

        Assert.False(Restore(2, generation, "ann"));
        Assert.True(Restore(3, _channel.PresenceGeneration, "ann", "bob"));

        await SentAsync();
        Assert.Equal(["=ann,bob"], subscriber.Seen);
    }

    [Fact]
    public async Task After_the_backplane_has_gone_back_all_go_back_and_are_sent_what_follows()
    {
        var subscriber = Begin(10);
        Change("+ann", 11);
        Turn();
        await SentAsync();
        _channel.LosePresence();
        Assert.True(Restore(5, _channel.PresenceGeneration, "bob"));
        Change("+carol", 6);
        Turn();

        await SentAsync();
        Assert.Equal(["+ann", "=bob", "+carol"], subscriber.Seen);
    }

    [Fact]
    public async Task Only_a_subscription_that_lost_presence_is_sent_a_snapshot_where_nothing_else_was_lost()
    {
        var slow = Begin(1);
        var healthy = Begin(1);
        slow.Subscription!.LosePresence();
        Change("+ann", 2);
        Assert.Equal(PresenceTurn.Over, Turn());
        _channel.WantPresence();
        Assert.Equal(PresenceTurn.Snapshot, Turn());
        // Two changes come while the snapshot is read: the snapshot holds one of them.
        Change("+bob", 3);
        Change("+carol", 4);
        Assert.True(Restore(3, _channel.PresenceGeneration, "ann", "bob"));
        Assert.Equal(PresenceTurn.Over, Turn());

        await SentAsync();
        Assert.Equal(["=ann,bob", "+carol"], slow.Seen);
        Assert.Equal(["+ann", "+bob+carol"], healthy.Seen);
    }

    [Fact]
    public async Task A_subscription_that_begins_with_an_outdated_snapshot_gets_another()
    {
        Begin(0);
        Change("+ann", 1);
        Turn();
        var late = Begin(0);
        Assert.Equal(PresenceTurn.Snapshot, Turn());
        Assert.True(Restore(1, _channel.PresenceGeneration, "ann"));

        await SentAsync();
        Assert.Equal(["=ann"], late.Seen);
    }

    private Seeing Begin(long version)
    {
        var subscriber = new Seeing();
        subscriber.Subscription = new Subscription(_channel, subscriber) { PresenceVersion = version };
        Assert.True(_channel.TryActivate(subscriber.Subscription, default, 0, null));
        return subscriber;
    }

    private void Change(string change, long version) =>
        _channel.AppendPresence(new PresenceChange(new PresentUser(change[1..], default), change[0] == '+', 1, version));

    private PresenceTurn Turn() => _channel.SendPresence(maxUsers: 10, now: 0);

    private bool Restore(long version, int generation, params string[] users)
    {
        var state = new PresenceState([.. users.Select(user => new PresentUser(user, default))], users.Length);
        return _channel.TryRestorePresence(new PresenceSnapshot(state, version), generation);
    }

    /// <summary>Waits until everything sent so far was handed out.</summary>
    private async Task SentAsync()
    {
        var last = Begin(Subscription.NoPresence);
        Assert.True(_channel.TryAppend(new Publication { Payload = Payload.Json("0"u8) }));
        await Eventually.TrueAsync(() => last.Messages > 0, "the message after it is there");
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _services.Dispose();
    }

    /// <summary>
    /// A subscriber that notes presence as a client sees it: <c>=ann,bob</c> a snapshot, <c>+ann-bob</c> a change. Safe for any thread.
    /// </summary>
    private sealed class Seeing : ISubscriber
    {
        private readonly List<string> _seen = [];
        private int _messages;

        public Subscription? Subscription { get; set; }

        public ConnectionId Id => default;

        public FrameEncoding Encoding => NativeEncoding.Instance;

        public int Messages => Volatile.Read(ref _messages);

        public string[] Seen
        {
            get
            {
                lock (_seen)
                    return [.. _seen];
            }
        }

        public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends)
        {
            foreach (var entry in batch.Entries)
            {
                if (!entry.IsFor(subscription))
                    continue;
                if (entry.Presence is not { } audience)
                {
                    Interlocked.Increment(ref _messages);
                    continue;
                }
                // A connection's writer does the same.
                if (audience.IsSnapshot)
                    subscription.FindPresence(audience.Version);
                Note(batch.Bytes.Slice(entry.Start + 2, entry.Length - 2).ToArray());
            }
            return true;
        }

        private void Note(byte[] json)
        {
            var message = JsonDocument.Parse(json).RootElement;
            var changes = message.Texts("joined").Select(user => "+" + user).Concat(message.Texts("left").Select(user => "-" + user));
            string text = message.Has("users") ? "=" + string.Join(',', message.Texts("users")) : string.Concat(changes);
            lock (_seen)
                _seen.Add(text);
        }

        public void CatchUp()
        {
        }

        public void OnGap(Subscription subscription)
        {
        }
    }
}
