using System.Diagnostics.Metrics;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Channels;

/// <summary>A channel with subscribers of different encodings.</summary>
public sealed class EncodingTests : IDisposable
{
    private const int Many = 3_000;

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly GatewayMetrics _metrics;
    private readonly Channel _channel;
    private readonly CountingEncoding _a = new("a");
    private readonly CountingEncoding _b = new("b");

    public EncodingTests()
    {
        _metrics = new GatewayMetrics(_services.GetRequiredService<IMeterFactory>());
        var rules = new Namespace("room", new NamespaceOptions { Presence = true, History = 10 });
        _channel = new Channel(new ChannelName("room:a"u8, rules), _metrics, NullLogger.Instance);
    }

    [Fact]
    public async Task Each_subscriber_gets_every_message_in_its_encoding_and_in_order()
    {
        ReadingSubscriber[] subscribers = [Begin(_a), Begin(_b), Begin(_b), Begin(_a)];
        for (int seq = 1; seq <= Many; seq++)
            Append($"{seq}", seq);

        await Eventually.TrueAsync(() => subscribers.All(subscriber => subscriber.Read.Count == Many), "all has come");
        foreach (var (subscriber, mark) in subscribers.Zip("abba"))
            Assert.Equal(Enumerable.Range(1, Many).Select(seq => $"{mark}:{seq}@{seq} of ann at {seq + 1000}"), subscriber.Read);
    }

    [Fact]
    public async Task A_message_is_encoded_once_for_each_encoding_however_many_have_it()
    {
        ReadingSubscriber[] subscribers = [.. Enumerable.Range(0, 20).Select(i => Begin(i % 2 == 0 ? _a : _b))];
        for (int seq = 1; seq <= Many; seq++)
            Append($"{seq}", seq);

        await Eventually.TrueAsync(() => subscribers.All(subscriber => subscriber.Read.Count == Many), "all has come");
        Assert.Equal((Many, Many), (_a.Messages, _b.Messages));
    }

    [Fact]
    public async Task An_encoding_is_used_from_its_first_subscriber_to_its_last()
    {
        var a = Begin(_a);
        Append("1", 1);
        await Eventually.TrueAsync(() => a.Read.Count == 1, "the first is there");
        Assert.Equal((1, 0), (_a.Messages, _b.Messages));

        var first = new ReadingSubscriber(_b);
        var second = new ReadingSubscriber(_b);
        Subscription[] subscriptions = [Begin(first), Begin(second)];
        Append("2", 2);
        _channel.Deactivate(subscriptions[0]);
        Append("3", 3);
        await Eventually.TrueAsync(() => a.Read.Count == 3 && second.Read.Count == 2, "both get it");
        Assert.Equal((3, 2), (_a.Messages, _b.Messages));

        _channel.Deactivate(subscriptions[1]);
        Append("4", 4);
        await Eventually.TrueAsync(() => a.Read.Count == 4, "the last is there");
        Assert.Equal((4, 2), (_a.Messages, _b.Messages));
    }

    [Fact]
    public async Task The_first_encoding_may_go_and_the_others_stay()
    {
        var a = Begin(new ReadingSubscriber(_a));
        var b = Begin(_b);
        _channel.Deactivate(a);
        Append("1", 1);
        await Eventually.TrueAsync(() => b.Read.Count == 1, "it is there");
        Assert.Equal((0, 1), (_a.Messages, _b.Messages));

        var late = Begin(_a);
        Append("2", 2);
        await Eventually.TrueAsync(() => b.Read.Count == 2 && late.Read.Count == 1, "both get it");
        Assert.Equal(["a:2@2 of ann at 1002"], late.Read);
    }

    [Fact]
    public async Task Exclusions_and_later_starts_hold_in_every_encoding()
    {
        var (me, you) = (ConnectionId.Next(), ConnectionId.Next());
        ReadingSubscriber[] subscribers = [Begin(_a, me), Begin(_b, me), Begin(_a, you), Begin(_b, you)];
        Append("1", 1, except: me);
        Append("2", 2);
        ReadingSubscriber[] late = [Begin(_a), Begin(_b)];
        Append("3", 3);

        await Eventually.TrueAsync(
            () => subscribers.Concat(late).All(subscriber => subscriber.Read.Any(text => text.Contains("3@3", StringComparison.Ordinal))),
            "the last is there");
        Assert.Equal([2, 2, 3, 3], subscribers.Select(subscriber => subscriber.Read.Count));
        Assert.All(late, subscriber => Assert.Single(subscriber.Read));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Presence_reaches_its_audience_in_each_encoding_between_the_messages(bool isOneEncoding)
    {
        var second = isOneEncoding ? _a : _b;
        ReadingSubscriber[] seeing = [Begin(_a), Begin(second)];
        ReadingSubscriber[] blind = [Begin(_a, presence: Subscription.NoPresence), Begin(second, presence: Subscription.NoPresence)];
        Append("1", 1);
        _channel.AppendPresence(new PresenceChange(new PresentUser("ann", default), Joined: true, 7, Version: 1));
        Assert.Equal(PresenceTurn.Over, _channel.SendPresence(maxUsers: 10, now: 0));
        Append("2", 2);

        await Eventually.TrueAsync(
            () => seeing.All(subscriber => subscriber.Read.Count == 3) && blind.All(subscriber => subscriber.Read.Count == 2),
            "all has come");
        Assert.All(seeing, subscriber => Assert.EndsWith(":7 users", subscriber.Read[1], StringComparison.Ordinal));
        Assert.Equal(isOneEncoding ? (1, 0) : (1, 1), (_a.Presence, _b.Presence));
        Assert.Equal(isOneEncoding ? (2, 0) : (2, 2), (_a.Messages, _b.Messages));
    }

    private ReadingSubscriber Begin(FrameEncoding encoding, ConnectionId id = default, long presence = 0)
    {
        var subscriber = new ReadingSubscriber(encoding, id);
        Begin(subscriber, presence);
        return subscriber;
    }

    private Subscription Begin(ReadingSubscriber subscriber, long presence = 0)
    {
        var subscription = new Subscription(_channel, subscriber) { PresenceVersion = presence };
        Assert.True(_channel.TryActivate(subscription, new Position("e", 0), generation: 0, reply: null));
        return subscription;
    }

    private void Append(string content, long seq, ConnectionId? except = null) => Assert.True(_channel.TryAppend(new Publication
    {
        Payload = Payload.Json(Encoding.UTF8.GetBytes(content)),
        Sender = Utf8Text.Of("ann"),
        Epoch = "e",
        Seq = seq,
        Time = seq + 1000,
        Except = except,
    }));

    public void Dispose()
    {
        _metrics.Dispose();
        _services.Dispose();
    }
}
