using System.Diagnostics.Metrics;
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

/// <summary>Deliveries of a channel that come while history is still being read for a subscription.</summary>
public sealed class HeldDeliveriesTests : IDisposable
{
    private readonly GatewayMetrics _metrics =
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    private readonly Channel _channel;
    private readonly Recorder _recorder = new();
    private readonly Subscription _subscription;

    public HeldDeliveriesTests()
    {
        var rules = new NamespaceOptions { History = 10 };
        var namespaces = new Namespaces(new GatewayOptions { DefaultNamespace = rules });
        _channel = new Channel(Names.Of(namespaces, "a"), _metrics, NullLogger.Instance);
        _subscription = new Subscription(_channel, _recorder);
    }

    [Fact]
    public async Task Held_messages_come_at_the_release_and_later_ones_at_once()
    {
        var held = Hold(maxBytes: 10_000);
        Append(1);
        Append(2);
        await Task.Delay(50);
        Assert.Empty(_recorder.Seqs);

        Assert.True(held.TryRelease(_subscription));
        Append(3);

        await Eventually.TrueAsync(() => _recorder.Seqs.Count == 3, "all has come");
        Assert.Equal([1, 2, 3], _recorder.Seqs);
        Assert.Same(_recorder, _subscription.Subscriber);
    }

    [Fact]
    public async Task Passing_the_limit_of_held_messages_fails_the_release()
    {
        var held = Hold(maxBytes: 1_000);
        // The witness joined later, so whatever it has got, the held subscription has been given before.
        var witness = new Recorder();
        Assert.True(_channel.TryActivate(new Subscription(_channel, witness), new Position("e", 0), generation: 0, reply: null));
        for (int seq = 1; seq <= 100; seq++)
            Append(seq);
        await Eventually.TrueAsync(() => witness.Seqs.Count == 100, "all is handed out");

        Assert.False(held.TryRelease(_subscription));
        Assert.Empty(_recorder.Seqs);
    }

    [Fact]
    public void A_subscription_starts_at_the_channels_position_unless_that_is_another_stream()
    {
        Append(7);

        Assert.False(_channel.TryActivate(_subscription, new Position("another", 9), generation: 0, reply: null));
        Assert.True(_channel.TryActivate(_subscription, new Position("e", 5), generation: 0, reply: null));
        Assert.Equal(7, _subscription.StartSeq);
        var later = new Subscription(_channel, _recorder);
        Assert.True(_channel.TryActivate(later, new Position("e", 9), generation: 0, reply: null));
        Assert.Equal(9, later.StartSeq);

        _channel.Invalidate();
        Assert.False(_channel.TryActivate(new Subscription(_channel, _recorder), new Position("e", 9), generation: 0, reply: null));
        var ended = new Subscription(_channel, _recorder) { Ended = true };
        Assert.False(_channel.TryActivate(ended, new Position("e", 9), generation: 1, reply: null));
    }

    private HeldDeliveries Hold(int maxBytes)
    {
        var held = new HeldDeliveries(_recorder, maxBytes);
        _subscription.Subscriber = held;
        Assert.True(_channel.TryActivate(_subscription, new Position("e", 0), generation: 0, reply: null));
        return held;
    }

    private void Append(long seq) =>
        Assert.True(_channel.TryAppend(new Publication { Payload = Payload.Json("\"some content\""u8), Epoch = "e", Seq = seq }));

    public void Dispose() => _metrics.Dispose();

    private sealed class Recorder : ISubscriber
    {
        private readonly List<long> _seqs = [];

        public ConnectionId Id => default;

        public FrameEncoding Encoding => NativeEncoding.Instance;

        public IReadOnlyList<long> Seqs
        {
            get
            {
                lock (_seqs)
                    return [.. _seqs];
            }
        }

        public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends)
        {
            lock (_seqs)
            {
                foreach (var entry in batch.Entries)
                    _seqs.Add(entry.Seq);
            }
            return true;
        }

        public void CatchUp()
        {
        }

        public void OnGap(Subscription subscription) => subscription.Channel.Deactivate(subscription);
    }
}
