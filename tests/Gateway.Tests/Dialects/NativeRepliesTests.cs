using System.Diagnostics.Metrics;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Metrics;
using Gateway.Server.Sessions;
using Gateway.Tests.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Dialects;

/// <summary>Facts that leave with every reply, so that an event stream has the name and the positions without reading the JSON.</summary>
public sealed class NativeRepliesTests : IDisposable
{
    private readonly GatewayMetrics _metrics =
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    private readonly Outlet _outlet = new();
    private readonly NativeReplies _replies;
    private readonly Subscription _subscription;

    public NativeRepliesTests()
    {
        _replies = new NativeReplies(_outlet);
        _subscription = new Subscription(new Channel(Names.Of("news"), _metrics, NullLogger.Instance), new SilentSubscriber());
    }

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void A_subscription_with_history_sets_the_channels_position()
    {
        _replies.Subscribed(_subscription, "1"u8, new Position("e", 7), recovered: null, presence: null);

        _outlet.Sent("subscribed", """{"type":"subscribed","channel":"news","id":1,"epoch":"e","seq":7}""");
        Assert.Equal((PositionChange.Set, "news", new Position("e", 7)), _outlet.Change);
        Assert.Same(_subscription, _outlet.Subscription);
    }

    [Fact]
    public void A_subscription_that_could_not_recover_sets_the_channels_position()
    {
        _replies.Subscribed(_subscription, default, new Position("e", 7), recovered: false, presence: null);

        Assert.Equal((PositionChange.Set, "news", new Position("e", 7)), _outlet.Change);
    }

    [Fact]
    public void A_subscription_that_recovers_leaves_the_position_to_the_messages_that_follow()
    {
        _replies.Subscribed(_subscription, default, new Position("e", 7), recovered: true, presence: null);
        Assert.Equal(PositionChange.None, _outlet.Change.Change);

        _replies.Recovered(_subscription, new PublishedMessage(PayloadKind.Json, "8"u8.ToArray(), default, Seq: 5, Time: 0));

        _outlet.Sent("message", "8@5");
        Assert.Same(_subscription, _outlet.Subscription);
    }

    [Fact]
    public void A_subscription_without_history_has_no_position()
    {
        _replies.Subscribed(_subscription, default, default, recovered: null, presence: null);

        Assert.Equal((PositionChange.Remove, "news"), (_outlet.Change.Change, _outlet.Change.Channel));
    }

    [Fact]
    public void Unsubscribing_removes_the_position()
    {
        _replies.Unsubscribed(_subscription.Channel.Name, "1"u8);

        _outlet.Sent("unsubscribed", """{"type":"unsubscribed","channel":"news","id":1}""");
        Assert.Equal((PositionChange.Remove, "news"), (_outlet.Change.Change, _outlet.Change.Channel));
        Assert.Equal(SendTiming.WithFlush, _outlet.Timing);
    }

    [Fact]
    public void Losing_messages_keeps_the_position_to_recover_from()
    {
        _replies.Unsubscribed(_subscription.Channel.Name, UnsubscribeReason.MessagesLost);

        Assert.Equal(PositionChange.None, _outlet.Change.Change);
        Assert.Equal(SendTiming.Now, _outlet.Timing);
    }

    [Fact]
    public void Being_removed_from_a_channel_removes_the_position()
    {
        _replies.Unsubscribed(_subscription.Channel.Name, UnsubscribeReason.Removed("bye"));

        _outlet.Sent("unsubscribed", """{"type":"unsubscribed","channel":"news","code":"removed","reason":"bye"}""");
        Assert.Equal(PositionChange.Remove, _outlet.Change.Change);
    }

    [Fact]
    public void An_answer_to_a_publish_leaves_when_the_session_says_and_changes_no_position()
    {
        _replies.Published(_subscription.Channel.Name, "1"u8, new Position("e", 7), SendTiming.Soon);

        _outlet.Sent("ack", """{"type":"ack","id":1,"channel":"news","epoch":"e","seq":7}""");
        Assert.Equal((SendTiming.Soon, PositionChange.None), (_outlet.Timing, _outlet.Change.Change));
    }

    [Fact]
    public void An_error_says_when_to_try_again()
    {
        _replies.Error(new ProtocolError("rate_limited", "slow down"), "1"u8, "news"u8, retryAfter: 250, SendTiming.WithFlush);

        _outlet.Sent("error", """{"type":"error","code":"rate_limited","message":"slow down","id":1,"channel":"news","retryAfter":250}""");
        Assert.Equal(250, _outlet.RetryAfter);
    }

    [Fact]
    public void A_subscription_that_has_ended_hears_nothing_more()
    {
        _outlet.Takes = false;

        Assert.False(_replies.Subscribed(_subscription, default, default, recovered: null, presence: null));
        Assert.False(_replies.Recovered(_subscription, new PublishedMessage(PayloadKind.Json, "8"u8.ToArray(), default, Seq: 5, Time: 0)));
    }

    /// <summary>An outlet that keeps the last reply.</summary>
    private sealed class Outlet : IReplyOutlet
    {
        private (string Type, string Message) _last;

        public bool Takes { get; set; } = true;

        public (PositionChange Change, string? Channel, Position Position) Change { get; private set; }

        public SendTiming Timing { get; private set; }

        public Subscription? Subscription { get; private set; }

        public long? RetryAfter { get; private set; }

        public bool Send(in Reply reply)
        {
            _last = (Encoding.UTF8.GetString(reply.Type), Encoding.UTF8.GetString(reply.Message));
            Change = (reply.Change, reply.Channel?.ToString(), reply.Position);
            (Timing, Subscription, RetryAfter) = (reply.Timing, reply.Subscription, reply.RetryAfter);
            return Takes;
        }

        public bool SendMessage(Subscription subscription, in Publication publication)
        {
            _last = ("message", $"{Encoding.UTF8.GetString(publication.Payload.Bytes)}@{publication.Seq}");
            Subscription = subscription;
            return Takes;
        }

        public void Sent(string type, string json) => Assert.Equal((type, json), _last);
    }
}
